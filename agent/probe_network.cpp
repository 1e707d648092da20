#include "agent/probe_network.hpp"

#include <algorithm>
#include <utility>

#include "agent/fields.hpp"
#include "agent/rate.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kBitsAByte = 8;
constexpr int kReceiveFields = 8;  // bytes packets errs drop fifo frame compressed multicast, then the same of transmit

std::optional<TrafficCounters> parse_line(std::string_view name, std::string_view line) {
  TrafficCounters nic{.name = std::string(name)};
  for (int field = 0; field <= kReceiveFields; ++field) {
    const auto value = to_number(take_word(line));
    if (!value) return std::nullopt;
    if (field == 0) nic.in = *value;
    if (field == kReceiveFields) nic.out = *value;
  }
  return nic;
}

Result<std::vector<std::string>> physical_nics(const HostRoot& root) {
  auto names = root.list("sys/class/net");
  if (!names) return names.error();
  std::erase_if(*names, [&](const std::string& name) {
    const std::string device = "sys/class/net/" + name + "/device";
    return !root.exists(device) || root.exists(device + "/physfn") || port_above(root, name);
  });
  return names;
}

}  // namespace

std::optional<std::string> port_above(const HostRoot& root, const std::string& name) {
  auto above = root.link_name("sys/class/net/" + name + "/master");
  if (!above || !root.exists("sys/class/net/" + *above + "/device")) return std::nullopt;  // bonds and bridges have no device
  return std::move(*above);
}

Result<std::vector<TrafficCounters>> parse_network(std::string_view text, const std::vector<std::string>& physical) {
  std::vector<TrafficCounters> nics;
  while (!text.empty()) {
    auto line = take_line(text);
    if (line.find(':') == std::string_view::npos) continue;  // the two lines of headings
    auto before_colon = take_until(line, ':');
    const auto name = take_word(before_colon);
    if (!std::ranges::binary_search(physical, name)) continue;
    auto nic = parse_line(name, line);
    if (!nic) return Error{ErrorCode::kMalformed, "proc/net/dev: " + std::string(name) + " has no nine numbers"};
    nics.push_back(std::move(*nic));
  }
  return nics;
}

Result<Traffic> read_network(const HostRoot& root, NetworkMemory& memory, std::uint64_t now_ms) {
  if (memory.ticks % kNicLookEvery == 0) {
    auto physical = physical_nics(root);
    if (!physical) return physical.error();
    memory.physical = std::move(*physical);
  }
  ++memory.ticks;
  const auto text = memory.file.read(root);
  if (!text) return text.error();
  auto now = parse_network(*text, memory.physical);
  if (!now) return now.error();
  auto traffic = memory.before ? traffic_between(*memory.before, *now, kBitsAByte, now_ms - memory.before_ms, memory.order) : Traffic{};
  memory.before = std::move(*now);
  memory.before_ms = now_ms;
  return traffic;
}

}  // namespace capmap
