#pragma once
#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "common/region_table.hpp"

namespace capmap::support {

/// The regions of the catalog beside the sources, loaded once.
inline std::shared_ptr<const RegionTable> catalog_regions() {
  static const auto table = [] {
    auto loaded = RegionTable::load(std::string(CAPMAP_SOURCE_DIR) + "/schemas/catalog");
    REQUIRE(loaded);
    return std::make_shared<const RegionTable>(std::move(*loaded));
  }();
  return table;
}

}  // namespace capmap::support
