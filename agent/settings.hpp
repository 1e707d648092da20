#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/config.hpp"
#include "common/conversation.hpp"
#include "common/known_server.hpp"
#include "common/result.hpp"

namespace capmap {

/// Everything that can be set on an agent. Checked by `capmap-probe settings`, which hands it to the service as lines, so that the
/// service itself carries no TOML reader.
struct AgentSettings {
  std::string controller_endpoint;                                    ///< "tcp://host:8471"; written by join
  std::string controller_public_key;                                  ///< Z85; written by join
  std::uint32_t controller_next_port = 0, controller_enrol_port = 0;  ///< of the same host; written by join; 0 = two and one above
  std::string state = "/var/lib/capmap-agent";
  std::uint32_t key_max_age_days = 90;  ///< then this server takes another key; 0 = only when the controller asks for it
  std::string join_token_file;          ///< where no controller is known yet: the token to join with at the first start; empty = none
  std::string log_level = "info";
  std::string root = "/";
  std::uint32_t shape_every_s = 21'600;  ///< earlier when a sign of the hardware changes (agent/hardware_signs.hpp)
  std::uint32_t accelerators_every_s = 10;
  std::uint32_t file_systems_every_s = 15;
  std::uint32_t guests_every_s = 180;  ///< at least, between two looks at the virtual machines that run here
  std::string fingerprint_salt;        ///< the same on all of an operator's servers; empty = the controller's public key
  [[nodiscard]] const std::string& salt() const { return fingerprint_salt.empty() ? controller_public_key : fingerprint_salt; }
  std::uint32_t benchmark_most_s = 0;  ///< longest test of a benchmark that the controller may ask for; 0 = it may not
  std::string nvml_library;            ///< instead of NVIDIA's own; empty = the one that is installed, where its driver is loaded
  std::string dcmi_library;            ///< likewise Huawei's
  std::string rocm_smi_library;        ///< likewise AMD's ROCm SMI
  std::string metrics_listen;          ///< where its own metrics are told (agent/metrics_address.hpp); empty = nowhere
  Thresholds thresholds;
  std::vector<Label> labels;  ///< ascending by key
};

/// The one list of an agent's settings: keys, places, limits. It borrows `settings`.
std::vector<Setting> list_settings(AgentSettings& settings);

/// "key=value" lines, one a setting, of labels one each. Values hold no control characters (common/config refuses them).
std::string write_setting_lines(const AgentSettings& settings);
/// Reads what write_setting_lines wrote. Errors: kMalformed (agent and capmap-probe of different versions).
Result<AgentSettings> parse_setting_lines(std::string_view lines);

/// Where the agent's own key and what join learned lie.
std::string key_path(const std::string& state);
std::string joined_path(const std::string& state);
/// What the controller told of its keys since: where to connect, and with which of them (common/known_server.hpp).
std::string server_keys_path(const std::string& state);
KnownServer::Joined joined_server(const AgentSettings& settings);

}  // namespace capmap
