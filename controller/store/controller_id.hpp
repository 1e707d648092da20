#pragma once
#include <optional>

#include "common/ids.hpp"
#include "controller/store/sqlite.hpp"

namespace capmap {

/// A controller's own id, in two numbers of the table meta: half an id is none. Errors: as Database.
Result<std::optional<ControllerId>> read_controller_id(Database& database);
/// Writes it, for good; to be called inside a change where none stands.
Result<Done> write_controller_id(Database& database, const ControllerId& id);

}  // namespace capmap
