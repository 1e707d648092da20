#pragma once
#include <algorithm>
#include <cstdint>

#include "controller/ingest.hpp"
#include "controller/server_ports.hpp"

namespace capmap {

/// What ingest remembers of a sender: its allowance of messages, refilled with time.
struct Sender {
  std::uint32_t allowance = IngestOptions::kBurst, dropped = 0;
  std::uint64_t refilled_ms = 0;
  std::uint16_t generation = 0;  ///< of its key: what comes under an older one is refused
  bool rotate = false;           ///< it is to be asked for another key
  KeyKnowledge keys{};           ///< of the server

  bool take(std::uint64_t now_ms) {
    const std::uint64_t earned = (now_ms - refilled_ms) / IngestOptions::kMessageEveryMs;
    if (earned > 0) {
      allowance = static_cast<std::uint32_t>(std::min<std::uint64_t>(IngestOptions::kBurst, allowance + earned));
      refilled_ms += earned * IngestOptions::kMessageEveryMs;
    }
    if (allowance == 0) return false;
    --allowance;
    return true;
  }
};

/// Likewise of a child controller.
struct ChildSender {
  std::uint64_t allowance = IngestOptions::kChildBurst, refilled_ms = 0, dropped = 0;
  std::uint16_t generation = 0;
  bool rotate = false;
  KeyKnowledge keys{};

  bool take(std::uint64_t now_ms) {
    const auto earned = (now_ms - refilled_ms) * IngestOptions::kChildMessagesAMs;
    allowance = std::min<std::uint64_t>(IngestOptions::kChildBurst, allowance + earned);
    refilled_ms = now_ms;
    if (allowance == 0) return false;
    --allowance;
    return true;
  }
};

}  // namespace capmap
