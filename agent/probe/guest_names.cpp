#include "agent/probe/guest_names.hpp"

#include <algorithm>
#include <array>

#include "agent/fields.hpp"
#include "agent/probe/words.hpp"

namespace capmap {
namespace {

constexpr std::size_t kAddressChars = 17, kLongestUuid = 36, kLeastUuid = 32;
constexpr std::uint64_t kTapFlag = 2;  // IFF_TAP of linux/if_tun.h: carries frames, not packets

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// "52:54:00:12:34:56" at the front of the text, and nothing that goes on.
std::string_view address_at(std::string_view text) {
  if (text.size() < kAddressChars) return {};
  for (std::size_t i = 0; i < kAddressChars; ++i) {
    if (i % 3 == 2 ? text[i] != ':' : !is_hex(text[i])) return {};
  }
  const bool goes_on = text.size() > kAddressChars && (is_hex(text[kAddressChars]) || text[kAddressChars] == ':');
  return goes_on ? std::string_view() : text.substr(0, kAddressChars);
}

/// A UUID at the front of the text, with dashes or without.
std::string_view uuid_at(std::string_view text) {
  const auto end = std::ranges::find_if(text, [](char c) { return !is_hex(c) && c != '-'; });
  const auto uuid = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  return uuid.size() == kLongestUuid || uuid.size() == kLeastUuid ? uuid : std::string_view();
}

void add(std::set<std::string>& names, std::string_view name) {
  if (!name.empty() && names.size() < kMaxGuestNames) names.emplace(name);
}

/// Whatever stands behind each `key` that begins a property: at the front, or behind a comma, brace or blank.
template <class Take>
void each_value(std::string_view text, std::string_view key, Take take) {
  for (auto at = text.find(key); at != std::string_view::npos; at = text.find(key, at + key.size())) {
    const char before = at == 0 ? ',' : text[at - 1];
    if (before == ',' || before == '{' || before == ' ') take(text.substr(at + key.size()));
  }
}

/// JSON may have blanks around its colon and quotes; what stands behind them is the value.
std::string_view without_quotes(std::string_view text) {
  const auto first = text.find_first_not_of(" :\"");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

void add_addresses(std::string_view argument, GuestNames& names) {
  for (const char* key : {"mac=", "macaddr="}) {
    each_value(argument, key, [&](std::string_view value) { add(names.addresses, address_at(value)); });
  }
  each_value(argument, "\"mac\"", [&](std::string_view value) { add(names.addresses, address_at(without_quotes(value))); });
}

void add_process(const HostRoot& root, const std::string& folder, GuestNames& names) {
  const auto comm = root.read_line(folder + "/comm");
  if (!comm || !is_hypervisor_name(*comm)) return;
  const auto command_line = root.read(folder + "/cmdline", kMaxCommandBytes);
  if (!command_line) {
    if (command_line.error().code == ErrorCode::kAbsent) return;  // it has just ended
    names.problems.push_back({"guests", command_line.error().what});
    return;
  }
  ++names.processes;
  add_guest_names(*command_line, names);
}

void add_processes(const HostRoot& root, GuestNames& names) {
  const auto entries = root.list("proc", 8 * kMostProcesses);
  if (!entries) {
    names.problems.push_back({"guests", entries.error().what});
    return;
  }
  std::size_t looked_at = 0;
  for (const auto& name : *entries) {
    if (!to_number(name)) continue;
    if (++looked_at > kMostProcesses) {
      names.problems.push_back({"guests", "proc: over " + std::to_string(kMostProcesses) + " processes, the others are not looked at"});
      return;
    }
    add_process(root, "proc/" + name, names);
  }
}

void add_ports(const HostRoot& root, GuestNames& names) {
  const auto ports = root.list("sys/class/net", kMostPorts);
  if (!ports) return;  // told by the probe of the network
  for (const auto& port : *ports) {
    const std::string folder = "sys/class/net/" + port;
    const auto flags = root.read_u64(folder + "/tun_flags");
    const bool tap = flags && (*flags & kTapFlag) != 0;
    if (!tap && !root.exists(folder + "/macvtap")) continue;
    const auto address = line_of(root, folder + "/address");
    if (tap && !address.starts_with("fe:")) continue;  // an address of its own, which no guest has
    add(names.addresses, address_at(address));
  }
}

}  // namespace

bool is_hypervisor_name(std::string_view comm) {
  return comm.starts_with("qemu") || comm == "kvm" || comm.starts_with("cloud-hyperviso");
}

void add_guest_names(std::string_view command_line, GuestNames& names) {
  std::string_view before;
  while (!command_line.empty()) {
    const auto argument = take_until(command_line, '\0');
    const bool of_uuid = before == "-uuid" || before == "--uuid";
    const bool of_system = before == "--platform" || ((before == "-smbios" || before == "--smbios") && argument.starts_with("type=1,"));
    if (of_uuid) add(names.uuids, uuid_at(argument));
    if (of_system) each_value(argument, "uuid=", [&](std::string_view value) { add(names.uuids, uuid_at(value)); });
    add_addresses(argument, names);
    before = argument;
  }
}

GuestNames read_guest_names(const HostRoot& root) {
  GuestNames names;
  add_ports(root, names);
  add_processes(root, names);
  if (names.uuids.size() == kMaxGuestNames || names.addresses.size() == kMaxGuestNames) {
    names.problems.push_back({"guests", "over " + std::to_string(kMaxGuestNames) + " guests' names, the others are left out"});
  }
  const bool hidden = root.exists("proc/self") && !root.read_line("proc/1/comm");  // its folder may be found all the same
  if (hidden && names.processes == 0 && names.addresses.empty()) {
    names.problems.push_back({"guests",
                              "guests run here by KVM, but none can be told: proc hides other users' processes, and no tap device has a "
                              "guest's address; with ProtectProc=default in capmap-agent.service guests are counted once"});
  }
  return names;
}

}  // namespace capmap
