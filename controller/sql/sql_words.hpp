#pragma once
#include <memory>
#include <string>
#include <vector>

#include "controller/sql/tables.hpp"

namespace capmap {

/// A table of every statement, with what it is for.
struct SqlTableMaker {
  SqlTableWords words;
  std::unique_ptr<SqlTable> (*make)(const SqlScene& scene, PinnedNodes& nodes);
};
/// All of them.
const std::vector<SqlTableMaker>& sql_tables();

/// A statement to learn from.
struct SqlExample {
  std::string what, sql;
};
const std::vector<SqlExample>& sql_examples();

/// What can be asked, whatever the map holds: the tables with their columns.
struct SqlTableText {
  SqlTableWords words;
  std::vector<SqlColumn> columns;
};
std::vector<SqlTableText> sql_reference();

}  // namespace capmap
