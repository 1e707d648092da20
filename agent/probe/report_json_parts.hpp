#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "agent/probe/machine.hpp"

namespace capmap {

/// What the files of a report in JSON share. Thread: any.
using Json = nlohmann::ordered_json;

/// null for what is not known. J: Json, complete where this is used.
template <class T, class J = Json>
J or_null(const std::optional<T>& value) {
  return value ? J(*value) : J(nullptr);
}
/// null for an empty text.
Json text_or_null(const std::string& text);
/// "10de:2330".
std::string pci_id(std::uint16_t vendor, std::uint16_t device);

/// [device] by PCI address, with what its driver said where it was asked.
Json accelerators_json(const Machine& machine);
Json accelerator_counts_json(const Machine& machine);
/// [driver] that has answered.
Json accelerator_drivers_json(const Machine& machine);

}  // namespace capmap
