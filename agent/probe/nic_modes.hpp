#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace capmap {

/// Highest speed among the link modes a port of the running machine supports, asked by ethtool's ioctl (no privilege needed).
/// Absent when the driver lists none (virtio, InfiniBand) or there is no such port. Thread: any. Cost: three system calls.
std::optional<std::uint32_t> highest_supported_mbps(const std::string& port);

/// Highest speed in a mask of ethtool link modes, 32 bits a word. Pure.
std::optional<std::uint32_t> highest_mbps_of(std::span<const std::uint32_t> link_modes);

}  // namespace capmap
