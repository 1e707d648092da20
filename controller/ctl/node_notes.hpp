#pragma once
#include <cstdint>
#include <string>

#include "controller/ctl/commands.hpp"

namespace capmap {

/// Lists of nodes that an admin should look at.
struct NotedQuestion {
  enum class Kind : unsigned char { kVersions, kFlapping, kLostUpdates, kSkew };
  Kind kind = Kind::kVersions;
  std::string site, filter;
  std::uint32_t times = 3, window_s = 3'600;  ///< of kFlapping
  std::uint64_t least = 1, least_ms = 1'000;  ///< of kLostUpdates, kSkew
  bool csv = false;
};
/// `nodes versions`, `flapping`, `lost-updates`, `skew`: the worst first.
Result<Done> list_noted(const ApiConnection& connection, const Screen& screen, const NotedQuestion& question);

/// An answer of the API as a table. Pure.
std::string noted_text(const ApiJson& answer, NotedQuestion::Kind kind, bool terminal);

}  // namespace capmap
