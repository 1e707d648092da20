#include "controller/state_metrics.hpp"

#include <sys/statvfs.h>

#include "controller/store/server_keys.hpp"

namespace capmap {

Metrics disk_metrics(const std::string& state_folder) {
  struct statvfs facts {};
  if (statvfs(state_folder.c_str(), &facts) != 0) return {};
  const auto bytes = [&facts](auto blocks) { return static_cast<double>(blocks) * static_cast<double>(facts.f_frsize); };
  return {
      {"capmap_state_disk_size_bytes", "Size of the file system with the state folder.", Metric::Kind::kGauge, {}, bytes(facts.f_blocks)},
      {"capmap_state_disk_free_bytes", "Room on it that this controller may fill.", Metric::Kind::kGauge, {}, bytes(facts.f_bavail)}};
}

Metrics server_key_metrics(const ServerKeyStatus& status) {
  Metrics out;
  if (status.since_unix_ms != 0) {
    out.push_back({"capmap_server_key_since_timestamp_seconds",
                   "When the key of the message port became this server's, seconds since 1970.",
                   Metric::Kind::kGauge,
                   {},
                   static_cast<double>(status.since_unix_ms) / 1e3});
  }
  for (const char* const phase : kKeyPhaseWords) {
    out.push_back({"capmap_server_key_phase",
                   "1 for the phase that a change of the server's key is in, else 0; \"one\": it is not being changed.",
                   Metric::Kind::kGauge,
                   {{"phase", phase}},
                   status.phase == phase ? 1.0 : 0.0});
  }
  return out;
}

}  // namespace capmap
