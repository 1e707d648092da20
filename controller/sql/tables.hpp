#pragma once
#include <memory>

#include "controller/sql/pinned_nodes.hpp"
#include "controller/sql/sql_scene.hpp"
#include "controller/sql/sql_table.hpp"

namespace capmap {

/// The tables of a statement. Each borrows the scene, and the pinned rows where it is made with them.
std::unique_ptr<SqlTable> cells_table(const SqlScene& scene);
std::unique_ptr<SqlTable> nodes_table(const SqlScene& scene, PinnedNodes& nodes);
std::unique_ptr<SqlTable> devices_table(const SqlScene& scene, PinnedNodes& nodes);
std::unique_ptr<SqlTable> sites_table(const SqlScene& scene);
std::unique_ptr<SqlTable> pools_table(const SqlScene& scene);
std::unique_ptr<SqlTable> regions_table(const SqlScene& scene);
std::unique_ptr<SqlTable> hardware_table(const SqlScene& scene);
std::unique_ptr<SqlTable> chips_table(const SqlScene& scene);
std::unique_ptr<SqlTable> shared_table(const SqlScene& scene);
std::unique_ptr<SqlTable> events_table(const SqlScene& scene);

}  // namespace capmap
