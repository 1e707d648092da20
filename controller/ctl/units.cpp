#include "controller/ctl/units.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <span>

namespace capmap {
namespace {

/// Three significant digits: "1.23", "12.3", "123", "1,023" (a binary unit reaches 1,023 before the next one).
std::string three_digits(long double value) {
  std::array<char, 32> text{};
  const int decimals = value < 9.995L ? 2 : value < 99.95L ? 1 : 0;
  const int length = std::snprintf(text.data(), text.size(), "%.*Lf", decimals, value);
  std::string digits(text.data(), static_cast<std::size_t>(length));
  if (decimals == 0 && digits.size() == 4) digits.insert(1, ",");
  return digits;
}

/// `units` start at one of what is counted and grow by `base`; the last one takes all above.
std::string scaled(WideAmount amount, unsigned base, std::span<const char* const> units) {
  if (amount < base) return std::to_string(static_cast<unsigned>(amount)) + " " + units[0];
  auto value = static_cast<long double>(amount);
  std::size_t unit = 0;
  // 999.5 would print as 1,000: the next unit takes it.
  while (unit + 1 < units.size() && value >= static_cast<long double>(base) - 0.5L) {
    value /= base;
    ++unit;
  }
  return three_digits(value) + " " + units[unit];
}

struct DurationUnit {
  char letter;
  std::uint64_t ms;
};
constexpr std::array<DurationUnit, 4> kDurationUnits = {{{'s', 1'000}, {'m', 60'000}, {'h', 3'600'000}, {'d', 86'400'000}}};
constexpr std::uint64_t kLongestDurationMs = 365 * 86'400'000ULL;

}  // namespace

std::optional<WideAmount> parse_wide(std::string_view digits) {
  constexpr WideAmount kMost = ~WideAmount{0};
  if (digits.empty()) return std::nullopt;
  WideAmount value = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    const auto step = static_cast<unsigned>(digit - '0');
    if (value > (kMost - step) / 10) return std::nullopt;
    value = value * 10 + step;
  }
  return value;
}

std::string count_text(WideAmount count) {
  std::string digits;
  for (std::size_t written = 0; count != 0 || written == 0; ++written, count /= 10) {
    if (written != 0 && written % 3 == 0) digits.insert(digits.begin(), ',');
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<unsigned>(count % 10)));
  }
  return digits;
}

std::string storage_text(WideAmount bytes) {
  static constexpr std::array<const char*, 9> kUnits = {"B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"};
  return scaled(bytes, 1000, kUnits);
}

std::string memory_text(WideAmount bytes) {
  static constexpr std::array<const char*, 9> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"};
  return scaled(bytes, 1024, kUnits);
}

std::string flops_text(WideAmount mflops) {
  static constexpr std::array<const char*, 6> kUnits = {"MFLOP/s", "GFLOP/s", "TFLOP/s", "PFLOP/s", "EFLOP/s", "ZFLOP/s"};
  return scaled(mflops, 1000, kUnits);
}

std::string ops_text(WideAmount mops) {
  static constexpr std::array<const char*, 6> kUnits = {"MOP/s", "GOP/s", "TOP/s", "POP/s", "EOP/s", "ZOP/s"};
  return scaled(mops, 1000, kUnits);
}

std::string bandwidth_text(WideAmount mbps) {
  static constexpr std::array<const char*, 5> kUnits = {"Mbit/s", "Gbit/s", "Tbit/s", "Pbit/s", "Ebit/s"};
  return scaled(mbps, 1000, kUnits);
}

std::string cores_text(WideAmount millicores) {
  const WideAmount tenths = (millicores + 50) / 100;
  return count_text(tenths / 10) + "." + std::to_string(static_cast<unsigned>(tenths % 10));
}

std::string watts_text(WideAmount watts) {
  static constexpr std::array<const char*, 5> kUnits = {"W", "kW", "MW", "GW", "TW"};
  return scaled(watts, 1000, kUnits);
}

std::string share_text(std::uint64_t permille) {
  return std::to_string(permille / 10) + "." + std::to_string(permille % 10) + " %";
}

std::string age_text(std::uint64_t ms) {
  const auto tenths_of = [ms](std::uint64_t unit_ms, const char* unit) {
    const std::uint64_t tenths = (ms * 10 + unit_ms / 2) / unit_ms;
    const std::string whole = std::to_string(tenths / 10);
    return (tenths < 100 ? whole + "." + std::to_string(tenths % 10) : whole) + " " + unit;
  };
  constexpr std::uint64_t kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;
  if (ms < 2 * kMinute) return tenths_of(1'000, "s");
  if (ms < 2 * kHour) return tenths_of(kMinute, "min");
  if (ms < 2 * kDay) return tenths_of(kHour, "h");
  if (ms < UINT64_MAX / 20) return tenths_of(kDay, "d");
  return "unknown";
}

std::string utc_text(std::uint64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1'000);
  std::tm parts{};
  std::array<char, 64> text{};
  if (gmtime_r(&seconds, &parts) == nullptr) return "unknown";
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return {text.data(), length};
}

Result<std::uint64_t> parse_duration_ms(std::string_view text) {
  const Error wrong{ErrorCode::kMalformed,
                    "\"" + std::string(text) + "\" is no duration: a whole number and s, m, h or d, such as 24h; 1s to 365d"};
  if (text.size() < 2 || text.size() > 10) return wrong;
  std::uint64_t number = 0;
  const char* end = text.data() + text.size() - 1;
  const auto [stop, trouble] = std::from_chars(text.data(), end, number);
  if (trouble != std::errc() || stop != end || number == 0) return wrong;
  for (const auto& unit : kDurationUnits) {
    if (unit.letter == text.back() && number <= kLongestDurationMs / unit.ms) return number * unit.ms;
  }
  return wrong;
}

}  // namespace capmap
