// What the map noted of a node's messages.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/http/node_json.hpp"

namespace capmap {

Json lost_messages_json(const std::optional<LostMessages>& lost, std::uint64_t now_boot_ms, std::uint64_t now_unix_ms) {
  if (!lost) return nullptr;
  auto bits = lost->lost.to_string();
  std::ranges::reverse(bits);
  const auto ago_ms = now_boot_ms - std::min(now_boot_ms, lost->last_boot_ms);
  return {{"of_last", lost->lost.count()},
          {"total", lost->total},
          {"last_gap", rfc3339_ms(now_unix_ms - std::min(now_unix_ms, ago_ms))},
          {"bits", std::move(bits)}};
}

}  // namespace capmap
