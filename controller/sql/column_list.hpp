#pragma once
#include <string>
#include <utility>
#include <vector>

#include "controller/sql/list_table.hpp"

namespace capmap {

/// The columns of a list, one behind the other.
template <class Row>
class ColumnList {
 public:
  template <class Put>
  ColumnList& add(std::string name, const char* type, const char* what, Put put, bool key = false) {
    columns_.push_back({.words = {.name = std::move(name), .type = type, .what = what, .key = key}, .put = std::move(put)});
    return *this;
  }
  std::vector<ListColumn<Row>> take() { return std::move(columns_); }

 private:
  std::vector<ListColumn<Row>> columns_;
};

}  // namespace capmap
