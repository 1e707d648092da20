#include "agent/measured.hpp"

#include <array>
#include <utility>

#include "agent/fields.hpp"
#include "agent/rate.hpp"
#include "agent/small_file.hpp"
#include "common/host_root.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxFileBytes = 16 * 1'024, kMaxConditions = 16;
constexpr const char* kFileName = "measured";

using Figure = std::pair<const char*, std::optional<std::uint64_t> Measured::*>;
constexpr std::array<Figure, 4> kFigures = {Figure{"fp64_gemm_mflops", &Measured::fp64_gemm_mflops},
                                            Figure{"fp32_gemm_mflops", &Measured::fp32_gemm_mflops},
                                            Figure{"memory_mbs", &Measured::memory_mbs}, Figure{"disk_read_mbs", &Measured::disk_read_mbs}};

/// False when the line is not understood.
bool take_measured(Measured& measured, std::string_view key, std::string_view value) {
  if (key == "condition") {
    if (measured.conditions.size() < kMaxConditions) measured.conditions.emplace_back(value);
    return true;
  }
  const auto number = to_number(value);
  if (!number) return false;
  for (const auto& [name, figure] : kFigures) {
    if (key != name) continue;
    measured.*figure = *number;
    return true;
  }
  if (key == "at_unix_s") return (measured.at_unix_s = *number) != 0;
  auto* small = key == "seconds" ? &measured.seconds : key == "threads" ? &measured.threads : nullptr;
  if (small == nullptr || !to_u32(*number)) return false;
  *small = *to_u32(*number);
  return true;
}

}  // namespace

std::string measured_lines(const Measured& measured) {
  std::string text = "at_unix_s=" + std::to_string(measured.at_unix_s) + "\nseconds=" + std::to_string(measured.seconds) +
                     "\nthreads=" + std::to_string(measured.threads) + "\n";
  for (const auto& [name, figure] : kFigures) {
    if (measured.*figure) text += std::string(name) + "=" + std::to_string(*(measured.*figure)) + "\n";
  }
  for (const auto& condition : measured.conditions) text += "condition=" + condition + "\n";
  return text;
}

Result<Measured> parse_measured(std::string_view lines) {
  Measured measured;
  while (!lines.empty()) {
    auto value = take_line(lines);
    const std::string whole(value.substr(0, 80));
    const auto key = take_until(value, '=');
    if (!take_measured(measured, key, value)) return Error{ErrorCode::kMalformed, "measured: \"" + whole + "\" is not understood"};
  }
  if (measured.at_unix_s == 0) return Error{ErrorCode::kMalformed, "measured: at_unix_s is missing"};
  return measured;
}

std::string measured_path(const std::string& state) {
  return state + "/" + kFileName;
}

Result<Measured> read_measured(const std::string& state) {
  const auto text = HostRoot(state).read(kFileName, kMaxFileBytes);
  return text ? parse_measured(*text) : Result<Measured>(text.error());
}

Result<Done> write_measured(const std::string& state, const Measured& measured) {
  return replace_file(measured_path(state), measured_lines(measured));
}

}  // namespace capmap
