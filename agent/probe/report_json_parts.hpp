#pragma once
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "agent/probe/machine.hpp"

namespace capmap {

/// What the files of a report in JSON share. Thread: any.
using Json = nlohmann::ordered_json;

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

inline Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

/// "10de:2330".
inline std::string pci_id(std::uint16_t vendor, std::uint16_t device) {
  char text[12];
  std::snprintf(text, sizeof text, "%04x:%04x", static_cast<unsigned>(vendor), static_cast<unsigned>(device));
  return text;
}

/// [device] by PCI address, with what its driver said where it was asked.
Json accelerators_json(const Machine& machine);
Json accelerator_counts_json(const Machine& machine);
/// [driver] that has answered.
Json accelerator_drivers_json(const Machine& machine);

}  // namespace capmap
