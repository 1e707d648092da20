#pragma once
#include <functional>
#include <vector>

#include "controller/store/sqlite.hpp"
#include "controller/store/store.hpp"

namespace capmap {

/// What admins ordered of whole sites and pools, and the labels they put on nodes. Errors: as Database.
Result<Done> put_group_service_row(Database& database, const GroupService& group);
Result<std::vector<GroupService>> group_service_rows(Database& database);
Result<Done> put_node_label_rows(Database& database, const NodeId& node, const std::vector<Label>& labels);
Result<std::vector<Label>> node_label_rows(Database& database, const NodeId& node);
Result<Done> each_label_row(Database& database, const std::function<void(const NodeId&, const Label&)>& take);
Result<Done> forget_label_rows(Database& database, const NodeId& node);

}  // namespace capmap
