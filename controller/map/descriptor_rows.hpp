#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "controller/map/descriptor.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

/// One place and kind with its descriptor, or why it has none.
struct DescriptorRow {
  std::uint32_t site = 0;
  std::uint32_t pool = 0;  ///< 0: the whole site
  std::string kind;        ///< empty: no class is declared
  Descriptor descriptor;
  DescriptorValues used;  ///< what the form's fields for this kind and edition ask for: whoever has it can make the text anew
};

/// Sites of a view in the order of their names (ids where they have none): the order of rows, and of pages.
std::vector<std::uint32_t> sites_by_name(const MapView& view);

/// Rows of some sites, in their order: the whole site, then its pools by name; of each what the form's kinds are. A form by class has one
/// row a place, of the class that pool or site declares; one by resource a row for each resource that stands there. Pure. Cost: two folds
/// over the cells.
std::vector<DescriptorRow> descriptor_rows(const MapView& view, const DescriptorForm& form, DescriptorEdition edition,
                                           std::span<const std::uint32_t> sites, std::uint64_t now_boot_ms);

}  // namespace capmap
