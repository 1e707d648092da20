#include "common/time_text.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace capmap {

std::string rfc3339_text(std::uint64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1'000);
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return {};
  std::array<char, 32> day{}, whole{};
  std::strftime(day.data(), day.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(whole.data(), whole.size(), "%.23s.%03uZ", day.data(), static_cast<unsigned>(unix_ms % 1'000));
  return whole.data();
}

}  // namespace capmap
