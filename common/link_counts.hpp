#pragma once
#include <atomic>
#include <cstdint>

namespace capmap {

/// What an uplink has done, counted by its thread, read by any other. Each value by itself is right; two of them may be of two moments.
struct LinkCounts {
  std::atomic<std::uint64_t> messages{0}, bytes{0};  ///< handed to the network
  std::atomic<std::uint64_t> acks{0};                ///< that were understood
  std::atomic<std::uint64_t> links{0};               ///< opened since the start
  std::atomic<std::uint64_t> ack_boot_ms{0};         ///< of the newest ack; 0 = none yet
  std::atomic<bool> up{false};                       ///< the handshake is done
};

}  // namespace capmap
