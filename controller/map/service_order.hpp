#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "controller/map/cell.hpp"

namespace capmap {

/// What an admin has ordered of a node: in which service state it is, from when until when, and who said so and why. Before `from` and
/// from `until` on the node is in service. Times are wall clock, because people agree on them.
struct ServiceOrder {
  ServiceState state = ServiceState::kInService;
  std::optional<std::uint64_t> from_unix_ms{}, until_unix_ms{};
  std::string who{}, why{};
  bool operator==(const ServiceOrder&) const = default;

  [[nodiscard]] ServiceState at(std::uint64_t now_unix_ms) const {
    const bool holds = (!from_unix_ms || now_unix_ms >= *from_unix_ms) && (!until_unix_ms || now_unix_ms < *until_unix_ms);
    return holds ? state : ServiceState::kInService;
  }
  [[nodiscard]] bool over(std::uint64_t now_unix_ms) const { return until_unix_ms && now_unix_ms >= *until_unix_ms; }
};

}  // namespace capmap
