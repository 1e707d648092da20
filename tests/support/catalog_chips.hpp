#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "common/check.hpp"
#include "common/chip_table.hpp"

namespace capmap::support {

/// The catalog beside the sources.
inline std::string catalog_folder() {
  return (std::filesystem::path(__FILE__).parent_path() / "../../schemas/catalog").string();
}

/// Its chip table without own rows, loaded once.
inline std::shared_ptr<const ChipTable> catalog_chips() {
  static const auto table = [] {
    auto loaded = ChipTable::load(catalog_folder());
    check(static_cast<bool>(loaded), "the catalog's chip table does not load");
    return std::make_shared<const ChipTable>(std::move(*loaded));
  }();
  return table;
}

}  // namespace capmap::support
