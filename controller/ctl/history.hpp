#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "controller/ctl/commands.hpp"

namespace capmap {

struct UsageRequest {
  std::string region, site, by, grain;  ///< as /v1/history takes them; empty = not said
  std::string measure = "cpu_use";      ///< one of history_measures()
  std::uint64_t since_ms = 86'400'000;
};

/// What can be shown, one at a time.
std::vector<std::string> history_measures();
/// `history`: how use went, with its percentiles by hour of the day.
Result<Done> show_history(const ApiConnection& connection, const Screen& screen, const UsageRequest& request, std::uint64_t now_unix_ms);
/// An answer of /v1/history as text. Pure.
std::string history_text(const ApiJson& answer, std::string_view measure, const TableLook& look);

}  // namespace capmap
