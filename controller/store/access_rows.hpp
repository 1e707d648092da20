#pragma once
#include <string>

#include "controller/access/access_table.hpp"
#include "controller/store/sqlite.hpp"

namespace capmap {

/// Users and API tokens in the database: each call prepares its statement.
Result<Done> put_user_row(Database& database, const User& user);
Result<Done> remove_user_row(Database& database, const std::string& name);
Result<Done> put_api_token_row(Database& database, const ApiToken& token);
Result<Done> remove_api_token_row(Database& database, const std::string& id);
Result<AccessTable> access_rows(Database& database);

}  // namespace capmap
