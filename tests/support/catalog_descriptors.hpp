#pragma once
#include <filesystem>
#include <memory>
#include <utility>

#include "common/check.hpp"
#include "common/descriptor_table.hpp"

namespace capmap::support {

/// The encoders of descriptors of the catalog beside the sources, loaded once.
inline std::shared_ptr<const DescriptorTable> catalog_descriptors() {
  static const auto table = [] {
    const auto folder = std::filesystem::path(__FILE__).parent_path() / "../../schemas/catalog";
    auto loaded = DescriptorTable::load(folder.string());
    check(static_cast<bool>(loaded), "the catalog's encoders do not load");
    return std::make_shared<const DescriptorTable>(std::move(*loaded));
  }();
  return table;
}

}  // namespace capmap::support
