#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "common/codec_keys.hpp"
#include "common/key_ring.hpp"

namespace capmap {

/// When an agent changes its key, and how far it is: the next key is made and kept, offered until the controller has kept it too, used from
/// the next connection on, and takes the place of the one before with the first answer under it. Files but no sockets; the uplink thread's.
class KeyChange {
 public:
  /// max_age_ms 0: only when asked to.
  KeyChange(KeyRing ring, std::uint64_t max_age_ms, std::uint64_t now_ms, std::uint64_t now_unix_ms);

  [[nodiscard]] const CurveKeys& in_use() const { return ring_.in_use(); }
  /// When an offer is due while the controller answers; UINT64_MAX: none is.
  [[nodiscard]] std::uint64_t due_ms() const { return due_ms_; }
  /// The offer to send now; absent where none can be made (logged).
  std::optional<KeyOffer> offer(std::uint64_t now_ms);
  /// True: the link has to be made anew, under the next key.
  bool take(const KeyNews& news, std::uint64_t now_ms);
  /// The controller answers on this link.
  void answered(std::uint64_t now_ms, std::uint64_t now_unix_ms);
  /// It refused the key in use; each second time another is tried.
  void refused();

 private:
  void plan(std::uint64_t now_ms, std::uint64_t now_unix_ms);

  KeyRing ring_;
  std::uint64_t max_age_ms_, due_ms_ = UINT64_MAX;
  unsigned refusals_ = 0;
};

}  // namespace capmap
