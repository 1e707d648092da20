#include "agent/settings.hpp"

#include <algorithm>

#include "agent/fields.hpp"
#include "agent/rate.hpp"

namespace capmap {
namespace {

constexpr std::uint32_t kMinShapeEveryS = 1, kMaxShapeEveryS = 7 * 86'400;
constexpr std::uint32_t kMaxAcceleratorsEveryS = 3'600, kMaxFileSystemsEveryS = 3'600, kMaxGuestsEveryS = 86'400;
constexpr std::uint32_t kMaxPermille = 1'000;
constexpr std::uint32_t kMaxUsageEvery = 1'000;

bool set_value(const Setting& setting, std::string_view text) {
  if (const auto* target = std::get_if<std::string*>(&setting.target)) {
    **target = text;
    return true;
  }
  if (const auto* labels = std::get_if<std::vector<Label>*>(&setting.target)) {
    const auto key = take_until(text, '=');
    return !put_label(**labels, key, text);
  }
  const auto* target = std::get_if<std::uint32_t*>(&setting.target);
  const auto wide = to_number(text);
  const auto number = wide ? to_u32(*wide) : std::nullopt;
  if (target == nullptr || !number || *number < setting.min || *number > setting.max) return false;
  **target = *number;
  return true;
}

std::string value_text(const Setting& setting) {
  if (const auto* text = std::get_if<std::string*>(&setting.target)) return **text;
  if (const auto* number = std::get_if<std::uint32_t*>(&setting.target)) return std::to_string(**number);
  return {};
}

}  // namespace

std::vector<Setting> list_settings(AgentSettings& s) {
  auto& t = s.thresholds;
  std::vector<Setting> list;
  const auto text = [&](const char* key, std::string& target, const char* help) {
    list.push_back({.key = key, .target = &target, .help = help});
  };
  const auto number = [&](const char* key, std::uint32_t& target, std::uint32_t min, std::uint32_t max, const char* help) {
    list.push_back({.key = key, .target = &target, .help = help, .min = min, .max = max});
  };
  text("controller.endpoint", s.controller_endpoint, "where to report, tcp://host:8471; join writes it");
  text("controller.public_key", s.controller_public_key, "the controller's public key, 40 characters; join writes it");
  number("controller.next_port", s.controller_next_port, 0, 65'535,
         "port of the same host with the server's other key while it changes; 0 = the message port + 2; join writes it");
  number("controller.enrol_port", s.controller_enrol_port, 0, 65'535,
         "likewise the enrolment port, which tells today's keys; 0 = the message port + 1; join writes it");
  text("state", s.state, "folder of this agent's key and of what join learned");
  number("keys.max_age_days", s.key_max_age_days, 0, 3'650, "age at which this server changes its key, days; 0 = only when asked to");
  text("join.token_file", s.join_token_file,
       "file of a join token, for images and configuration management: the first start joins with it");
  text("log.level", s.log_level, "trace, debug, info, warn or error");
  text("metrics.listen", s.metrics_listen,
       "where this agent tells its own metrics: 127.0.0.1:9101, [::1]:9101, or a socket's absolute path; empty = nowhere");
  text("root", s.root, "folder whose proc and sys are read");
  number("benchmark.most_s", s.benchmark_most_s, 0, 3'600,
         "longest test of a benchmark the controller may ask for, seconds; 0 = it may not");
  number("shape.every_s", s.shape_every_s, kMinShapeEveryS, kMaxShapeEveryS, "seconds between two looks at the hardware");
  number("accelerators.every_s", s.accelerators_every_s, 1, kMaxAcceleratorsEveryS, "seconds between two looks at what drivers say");
  number("file_systems.every_s", s.file_systems_every_s, 1, kMaxFileSystemsEveryS, "seconds between two looks at network file systems");
  number("guests.every_s", s.guests_every_s, 1, kMaxGuestsEveryS, "seconds at least between two looks at virtual machines that run here");
  text("fingerprints.salt", s.fingerprint_salt,
       "what addresses of virtual machines are hashed with, the same on all servers; empty = the controller's public key");
  text("accelerators.nvml_library", s.nvml_library, "file to load instead of NVIDIA's management library");
  text("accelerators.dcmi_library", s.dcmi_library, "file to load instead of Huawei's card management interface (libdcmi.so)");
  text("accelerators.rocm_smi_library", s.rocm_smi_library, "file to load instead of AMD's ROCm SMI (librocm_smi64.so)");
  number("thresholds.cpu_busy_millicores", t.cpu_busy_millicores, 0, UINT32_MAX, "busy cores are sent when they moved by so much");
  number("thresholds.memory_used_mib", t.memory_used_mib, 0, UINT32_MAX, "likewise used memory, MiB");
  number("thresholds.storage_used_mb", t.storage_used_mb, 0, UINT32_MAX, "likewise used storage, 10^6 bytes");
  number("thresholds.storage_kbs", t.storage_kbs, 0, UINT32_MAX, "likewise disk traffic, 10^3 bytes a second");
  number("thresholds.network_kbps", t.network_kbps, 0, UINT32_MAX, "likewise network traffic, 10^3 bits a second");
  number("thresholds.power_watts", t.power_watts, 0, UINT32_MAX, "likewise power, watts");
  number("thresholds.permille", t.permille, 0, kMaxPermille,
         "and by so many thousandths: of all processors, of all memory, of the others of what was last sent");
  number("thresholds.usage_every_intervals", t.usage_every_intervals, 1, kMaxUsageEvery, "all readings are sent at least so often");
  list.push_back({.key = "labels",
                  .target = &s.labels,
                  .help = "key=value: what the owner says of this server, a table of texts in the file; the flag may stand 16 times",
                  .flag = "--label"});
  return list;
}

std::string write_setting_lines(const AgentSettings& settings) {
  AgentSettings copy = settings;
  std::string lines;
  for (const auto& setting : list_settings(copy)) {
    if (!std::holds_alternative<std::vector<Label>*>(setting.target)) lines += setting.key + "=" + value_text(setting) + "\n";
  }
  for (const auto& [key, value] : settings.labels) lines += "labels=" + key + "=" + value + "\n";
  return lines;
}

Result<AgentSettings> parse_setting_lines(std::string_view lines) {
  AgentSettings settings;
  const auto list = list_settings(settings);
  while (!lines.empty()) {
    auto value = take_line(lines);
    const auto key = take_until(value, '=');
    const auto setting = std::ranges::find(list, key, &Setting::key);
    if (setting == list.end() || !set_value(*setting, value)) {
      return Error{ErrorCode::kMalformed, "capmap-probe settings: " + std::string(key) +
                                              " is not understood here; are capmap-agent and capmap-probe of one version?"};
    }
  }
  return settings;
}

std::string key_path(const std::string& state) {
  return state + "/agent.key";
}
std::string joined_path(const std::string& state) {
  return state + "/joined.toml";
}
std::string server_keys_path(const std::string& state) {
  return state + "/server.keys";
}
KnownServer::Joined joined_server(const AgentSettings& settings) {
  return {.endpoint = settings.controller_endpoint,
          .public_key = settings.controller_public_key,
          .next_port = static_cast<std::uint16_t>(settings.controller_next_port),
          .enrol_port = static_cast<std::uint16_t>(settings.controller_enrol_port),
          .file = server_keys_path(settings.state)};
}

}  // namespace capmap
