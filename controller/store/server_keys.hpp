#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "common/result.hpp"
#include "common/transport.hpp"

namespace capmap {

/// How far a change of the server's key is. "Message port" and "other port" are 8471 and 8473.
enum class KeyPhase : unsigned char {
  kOne,        ///< one key, on the message port; nothing on the other
  kLearning,   ///< the next key is on the other port, and agents learn it
  kLeaving,    ///< agents go over to the other port, so that nobody is on the message port when it changes
  kReturning,  ///< the next key is the server's key now, on both ports, and agents come back to the message port
  kBoth,       ///< the old key is on the other port, for those that were off meanwhile
};
inline constexpr const char* kKeyPhaseWords[] = {"one", "learning", "leaving", "returning", "both"};
inline const char* to_word(KeyPhase phase) {
  return kKeyPhaseWords[static_cast<std::size_t>(phase)];
}

/// The server's keys as its state folder has them; no database knows of them, so no backup of one brings an old key back.
///   server.key       the key of the message port
///   server.key.next  made and kept before it is served; takes the place of server.key when the two change roles
///   server.key.old   the one before, until nobody is let in by it any more
///   enrol.key        the key of the enrolment port: the first one, for good; absent where the key has never been changed
///   server.rotation  how far a change is and whose turn each key is: written first, so that file names follow it after a crash
struct ServerKeys {
  KeyPhase phase = KeyPhase::kOne;
  std::uint64_t phase_since_unix_ms = 0, current_since_unix_ms = 0;
  CurveKeys current{};                ///< server.key
  std::optional<CurveKeys> second{};  ///< learning, leaving: the next one; returning, both: the old one
  CurveKeys enrolment{};
};

/// What the other port serves; null: nothing.
const CurveKeys* key_of_other_port(const ServerKeys& keys);

/// Mends file names where a crash came between. Errors: those of load_curve_keys (a key that others may read: says chmod); kMalformed
/// (the record is damaged, or names a key that no file holds).
Result<ServerKeys> open_server_keys(const std::string& state_folder);
/// The phase that follows: makes the next key, changes roles, or destroys the old key, as that takes. It is on the disk when this
/// returns; on an error all is as before, or the next start finds it done. Errors: kFull, kDenied, kUnavailable.
Result<ServerKeys> begin_next_phase(const std::string& state_folder, const ServerKeys& keys, std::uint64_t now_unix_ms);

}  // namespace capmap
