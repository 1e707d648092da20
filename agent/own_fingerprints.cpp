#include "agent/own_fingerprints.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace capmap {
namespace {

constexpr std::size_t kMostPorts = 4'096;

}  // namespace

std::vector<Fingerprint> read_own_fingerprints(const HostRoot& root, std::string_view salt) {
  std::vector<Fingerprint> own;
  const auto add = [&own](const std::optional<Fingerprint>& one) {
    if (one && own.size() < kMaxFingerprints) own.push_back(*one);
  };
  for (const char* file : kUuidFiles) {
    if (const auto uuid = root.read_line(file)) add(uuid_fingerprint(salt, *uuid));
  }
  const auto ports = root.list("sys/class/net", kMostPorts);
  for (const auto& port : ports ? *ports : std::vector<std::string>()) {
    const std::string folder = "sys/class/net/" + port;
    if (!root.exists(folder + "/device")) continue;  // bridges and the like have addresses of their own, or another port's
    if (const auto address = root.read_line(folder + "/address")) add(mac_fingerprint(salt, *address));
  }
  std::ranges::sort(own);
  own.erase(std::unique(own.begin(), own.end()), own.end());
  return own;
}

}  // namespace capmap
