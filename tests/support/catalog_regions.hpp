#pragma once
#include <filesystem>
#include <memory>
#include <utility>

#include "common/check.hpp"
#include "common/region_table.hpp"

namespace capmap::support {

/// The regions of the catalog beside the sources, loaded once.
inline std::shared_ptr<const RegionTable> catalog_regions() {
  static const auto table = [] {
    const auto folder = std::filesystem::path(__FILE__).parent_path() / "../../schemas/catalog";
    auto loaded = RegionTable::load(folder.string());
    check(static_cast<bool>(loaded), "the catalog's regions do not load");
    return std::make_shared<const RegionTable>(std::move(*loaded));
  }();
  return table;
}

}  // namespace capmap::support
