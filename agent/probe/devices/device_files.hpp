#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "agent/probe/devices/device_backend.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// A number of at most `most` from a driver's file, in the file's own unit; `shown` is how a problem line names the file. A file that is
/// not there, or that this device does not serve, is no failure; one that the driver cannot fill sets `silent`. Thread: the device's own.
inline std::optional<std::uint64_t> device_number(const HostRoot& root, const std::string& path, const std::string& shown,
                                                  std::uint64_t most, DeviceReading& reading, bool& silent) {
  const auto value = root.read_u64(path);
  if (value && *value <= most) return *value;
  if (value) {
    reading.failures.push_back(shown + ": " + std::to_string(*value) + " has no meaning");
  } else if (value.error().code == ErrorCode::kMalformed) {
    reading.failures.push_back(value.error().what);
  } else if (value.error().code == ErrorCode::kUnavailable) {
    silent = true;
  }
  return std::nullopt;
}

}  // namespace capmap
