#include "common/host_checks.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

namespace capmap {
namespace {

constexpr mode_t kOthers = 077;
constexpr std::size_t kMostProcesses = 65'536, kMostGroups = 256, kMostName = 15;
constexpr std::uint64_t kWantedSomaxconn = 4'096;
constexpr long kFarMicroseconds = 1'000'000;

std::string octal(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777U));
  return text.data();
}

std::string name_of(uid_t uid) {
  const passwd* entry = getpwuid(uid);
  return entry == nullptr ? std::to_string(uid) : entry->pw_name;
}

Finding not_told(const std::string& area, const std::string& path, int number) {
  if (number == EACCES || number == EPERM) return {area, Health::kNote, path + ": may not be looked at from here", "run this as root"};
  return {area, Health::kBroken, path + ": " + std::strerror(number)};
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::optional<std::uint64_t> leading_number(std::string_view text, int base) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc{} ? std::optional(number) : std::nullopt;
}

/// The text behind "KEY:" in a line of its own.
std::string_view status_value(std::string_view status, std::string_view key) {
  while (!status.empty()) {
    const auto line = status.substr(0, status.find('\n'));
    status.remove_prefix(std::min(status.size(), line.size() + 1));
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ':') return trimmed(line.substr(key.size() + 1));
  }
  return {};
}

void add_groups(std::string_view words, std::vector<std::uint32_t>& groups) {
  while (!words.empty() && groups.size() < kMostGroups) {
    const auto word = words.substr(0, words.find_first_of(" \t"));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
    if (const auto number = leading_number(word, 10)) groups.push_back(static_cast<std::uint32_t>(*number));
  }
}

ServiceProcess read_process(const HostRoot& root, const std::string& name) {
  const std::string folder = "proc/" + name;
  ServiceProcess process;
  process.pid = static_cast<int>(leading_number(name, 10).value_or(0));
  if (const auto status = root.read(folder + "/status")) {
    process.uid = static_cast<std::uint32_t>(status_number(*status, "Uid", 10).value_or(0));
    if (const auto gid = status_number(*status, "Gid", 10)) process.groups.push_back(static_cast<std::uint32_t>(*gid));
    add_groups(status_value(*status, "Groups"), process.groups);
    process.capabilities = status_number(*status, "CapEff", 16);
    if (const auto value = status_number(*status, "NoNewPrivs", 10)) process.no_new_privileges = *value == 1;
    if (const auto value = status_number(*status, "Seccomp", 10)) process.system_calls_filtered = *value == 2;
  }
  if (const auto limits = root.read(folder + "/limits")) {
    process.open_files = soft_limit(*limits, "Max open files");
    process.core_bytes = soft_limit(*limits, "Max core file size");
  }
  if (const auto cgroup = root.read(folder + "/cgroup")) process.cgroup = *cgroup;
  return process;
}

}  // namespace

Finding check_private_folder(const std::string& area, const std::string& path, const std::string& user) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) return not_told(area, path, errno);
  if (!S_ISDIR(about.st_mode)) return {area, Health::kBroken, path + ": is no folder"};
  if ((about.st_mode & kOthers) != 0) {
    return {area, Health::kBroken, path + ": mode " + octal(about.st_mode) + " lets others in, and keys lie there", "chmod 700 " + path};
  }
  const passwd* wanted = getpwnam(user.c_str());
  if (wanted != nullptr && about.st_uid != wanted->pw_uid && about.st_uid == 0) {
    return {area, Health::kWarning, path + ": is root's; the service, which runs as " + user + ", may not write there",
            "chown -R " + user + ": " + path};
  }
  return {area, Health::kWell, path + ": mode " + octal(about.st_mode) + ", of " + name_of(about.st_uid)};
}

Finding check_secret_file(const std::string& area, const std::string& path) {
  struct stat about {
  }, folder{};
  if (stat(path.c_str(), &about) != 0) return not_told(area, path, errno);
  if ((about.st_mode & kOthers) != 0) {
    return {area, Health::kBroken, path + ": mode " + octal(about.st_mode) + " lets others read this secret", "chmod 600 " + path};
  }
  const auto slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (stat(parent.c_str(), &folder) == 0 && folder.st_uid != about.st_uid) {
    return {area, Health::kBroken, path + ": is " + name_of(about.st_uid) + "'s, its folder " + name_of(folder.st_uid) + "'s",
            "chown --reference=" + parent + " " + path};
  }
  return {area, Health::kWell, path + ": mode " + octal(about.st_mode) + ", of " + name_of(about.st_uid)};
}

Finding check_clock() {
  timex now{};
  const int state = adjtimex(&now);
  if (state < 0)
    return {"clock", Health::kNote, std::string("the kernel does not tell from here whether it follows another: ") + std::strerror(errno)};
  if ((now.status & STA_UNSYNC) != 0 || state == TIME_ERROR) {
    return {"clock", Health::kWarning, "follows no other clock: times in logs, history and service orders drift",
            "run a time service: systemctl enable --now systemd-timesyncd, or chronyd"};
  }
  const bool far = now.maxerror > kFarMicroseconds;
  return {"clock", far ? Health::kWarning : Health::kWell,
          "follows another clock, at most " + std::to_string(now.maxerror / 1'000) + " ms off",
          far ? "look at the time service: timedatectl timesync-status, or chronyc tracking" : ""};
}

Finding check_somaxconn(const HostRoot& root) {
  const auto value = root.read_u64("proc/sys/net/core/somaxconn");
  if (!value) return {"somaxconn", Health::kNote, value.error().what};
  if (*value >= kWantedSomaxconn) return {"somaxconn", Health::kWell, std::to_string(*value) + " connections may wait to be accepted"};
  return {"somaxconn", Health::kWarning,
          std::to_string(*value) + " connections may wait to be accepted: thousands of agents that come at once wait for each other",
          "sysctl -w net.core.somaxconn=" + std::to_string(kWantedSomaxconn) + ", and in /etc/sysctl.d for the next boot"};
}

std::optional<ServiceProcess> find_service(const HostRoot& root, std::string_view name, std::string_view unit) {
  const auto entries = root.list("proc", 8 * kMostProcesses);
  if (!entries) return std::nullopt;
  std::optional<ServiceProcess> found;
  std::size_t looked_at = 0;
  for (const auto& entry : *entries) {
    if (entry.find_first_not_of("0123456789") != std::string::npos || ++looked_at > kMostProcesses) continue;
    const auto comm = root.read_line("proc/" + entry + "/comm");
    if (!comm || *comm != name.substr(0, kMostName)) continue;
    auto process = read_process(root, entry);
    const bool of_unit = process.of_unit(unit);
    if (!found || of_unit) found = std::move(process);
    if (of_unit) break;
  }
  return found;
}

bool may_open(const ServiceProcess& process, const std::string& path, int how) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) return false;
  if (process.uid == 0) return true;
  const bool member = std::ranges::find(process.groups, about.st_gid) != process.groups.end();
  const unsigned bits = about.st_mode >> (about.st_uid == process.uid ? 6U : member ? 3U : 0U);
  const auto wanted = static_cast<unsigned>(how);  // R_OK, W_OK and X_OK are the same bits
  return (bits & wanted) == wanted;
}

std::optional<std::uint64_t> status_number(std::string_view status, std::string_view key, int base) {
  return leading_number(status_value(status, key), base);
}

std::optional<std::uint64_t> soft_limit(std::string_view limits, std::string_view name) {
  while (!limits.empty()) {
    const auto line = limits.substr(0, limits.find('\n'));
    limits.remove_prefix(std::min(limits.size(), line.size() + 1));
    if (line.starts_with(name)) return leading_number(trimmed(line.substr(name.size())), 10);
  }
  return std::nullopt;
}

std::string capability_words(std::uint64_t bits) {
  constexpr std::array kWords = {"cap_chown",
                                 "cap_dac_override",
                                 "cap_dac_read_search",
                                 "cap_fowner",
                                 "cap_fsetid",
                                 "cap_kill",
                                 "cap_setgid",
                                 "cap_setuid",
                                 "cap_setpcap",
                                 "cap_linux_immutable",
                                 "cap_net_bind_service",
                                 "cap_net_broadcast",
                                 "cap_net_admin",
                                 "cap_net_raw",
                                 "cap_ipc_lock",
                                 "cap_ipc_owner",
                                 "cap_sys_module",
                                 "cap_sys_rawio",
                                 "cap_sys_chroot",
                                 "cap_sys_ptrace",
                                 "cap_sys_pacct",
                                 "cap_sys_admin",
                                 "cap_sys_boot",
                                 "cap_sys_nice",
                                 "cap_sys_resource",
                                 "cap_sys_time",
                                 "cap_sys_tty_config",
                                 "cap_mknod",
                                 "cap_lease",
                                 "cap_audit_write",
                                 "cap_audit_control",
                                 "cap_setfcap",
                                 "cap_mac_override",
                                 "cap_mac_admin",
                                 "cap_syslog",
                                 "cap_wake_alarm",
                                 "cap_block_suspend",
                                 "cap_audit_read",
                                 "cap_perfmon",
                                 "cap_bpf",
                                 "cap_checkpoint_restore"};
  std::string words;
  for (std::size_t i = 0; i < 64; ++i) {
    if ((bits >> i & 1U) == 0) continue;
    words += (words.empty() ? "" : " ") + (i < kWords.size() ? std::string(kWords[i]) : "cap_" + std::to_string(i));
  }
  return words;
}

}  // namespace capmap
