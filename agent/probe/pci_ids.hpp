#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/probe/shape_accelerator.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// Names from the list of the PCI ID Project that many systems carry: the last source, for devices that the chip table does not know.
/// They are for people and stand in the report alone. They are in no shape: servers that are equal have one shape whether or not they
/// carry the list, and whatever edition of it.

/// The name of a device in the list's text; nothing where it is not listed. Pure; one pass, bounded by the text.
std::optional<std::string> name_in_pci_ids(std::string_view text, std::uint16_t vendor_id, std::uint16_t device_id);

/// Fills in the model of accelerators that have none.
///
/// Source: usr/share/misc/pci.ids, else usr/share/hwdata/pci.ids, below the root; at most 8 MiB. Not there: nothing changes.
/// Thread: any. Cost: nothing where all have a model; else one read of some 1.5 MB.
void name_from_pci_ids(const HostRoot& root, std::vector<Accelerator>& accelerators);

}  // namespace capmap
