#pragma once
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/ids.hpp"
#include "controller/zap.hpp"

namespace capmap {

/// Who a message is from, by its User-Id.
struct From {
  NodeId node;
  std::uint16_t generation = 0;
  bool child = false;  ///< the bytes of `node` are the id of a child controller
};

/// Takes the mark of the other port off a User-Id; true: it was there.
inline bool take_port_mark(std::string_view& user_id) {
  if (!user_id.ends_with(kOtherPortMark)) return false;
  user_id.remove_suffix(1);
  return true;
}

/// Absent for a User-Id that is neither a node's nor a child controller's.
inline std::optional<From> sender_of(std::string_view user_id) {
  From from;
  if (const auto mark = user_id.find(kGenerationMark); mark != std::string_view::npos) {
    const auto digits = user_id.substr(mark + 1);
    if (std::from_chars(digits.data(), digits.data() + digits.size(), from.generation).ec != std::errc{}) return std::nullopt;
    user_id = user_id.substr(0, mark);
  }
  if (user_id.starts_with(ControllerId::kPrefix)) {
    const auto child = parse_id<ControllerId>(user_id);
    if (!child) return std::nullopt;
    from.node = NodeId{child->bytes};
    from.child = true;
    return from;
  }
  const auto node = parse_id<NodeId>(user_id);
  if (!node) return std::nullopt;
  from.node = *node;
  return from;
}

}  // namespace capmap
