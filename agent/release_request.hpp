#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "common/result.hpp"

namespace capmap {

/// A wish that the agent lets go of accelerator drivers for a while: an open driver library keeps a card from being reset, cut into
/// partitions, or losing its driver. Two small files in the agent's state folder:
///   accelerators.release    written by `capmap-agent release-accelerators --for 10m`: "BOOT_ID UNTIL_MS\n", UNTIL_MS on CLOCK_BOOTTIME.
///                           A reboot makes it void; so does removing the file.
///   accelerators.released   written by the agent with the same text once no process of it has a driver open; removed when it opens one.
struct ReleaseRequest {
  std::string text;  ///< the whole file, for the answer
  std::uint64_t until_ms = 0;
};
inline constexpr std::uint64_t kMaxReleaseMs = 24ULL * 3'600 * 1'000;

/// The wish that holds at `now_ms`; nothing without one, after its end, from another boot, over kMaxReleaseMs ahead, or without meaning.
std::optional<ReleaseRequest> read_release_request(const std::string& state, std::uint64_t now_ms);
/// Errors: kDenied, kFull, kUnavailable.
Result<Done> write_release_request(const std::string& state, std::uint64_t until_ms);
Result<Done> remove_release_request(const std::string& state);

/// The agent's answer: the request's text when it is done, empty to take it back.
void answer_release_request(const std::string& state, const std::string& text);
/// The answer that stands; empty when none does.
std::string read_release_answer(const std::string& state);

}  // namespace capmap
