#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "common/result.hpp"
#include "common/transport.hpp"

namespace capmap {

/// An agent's own keys, in files of its state folder, each written so that a crash at any moment leaves a way in:
///   agent.key       the key it is known by
///   agent.key.next  made and kept before it is offered; takes the place of agent.key once the controller has answered under it
///   agent.key.old   the one before, for a controller that was restored to a moment before the change
/// A controller that does not know one of them may know another: try_another() goes round. One thread.
class KeyRing {
 public:
  /// Errors: as load_curve_keys, of agent.key; a next or old key that cannot be read is left out.
  static Result<KeyRing> open(const std::string& path);

  /// What to connect with now.
  [[nodiscard]] const CurveKeys& in_use() const;
  [[nodiscard]] bool uses_next() const { return use_ == Use::kNext; }
  /// The key to offer; empty: none is prepared.
  [[nodiscard]] std::string next_public_key() const { return next_ ? next_->public_key : std::string(); }
  /// Age of agent.key by its file, at a wall clock of now; 0 where it cannot be told.
  [[nodiscard]] std::uint64_t age_ms(std::uint64_t now_unix_ms) const;

  /// Makes and keeps the next key, where none is prepared. Errors: as save_curve_keys.
  Result<Done> prepare_next();
  /// The controller lets the next key in: it is used from the next connection on.
  void use_next();
  /// Forgets a next key that the controller will not have.
  Result<Done> drop_next();
  /// The controller has answered under the key in use: it is agent.key from now on, also after a crash. True when that changed something.
  Result<bool> confirm();
  /// The controller does not know the key in use: the next connection tries another. False where there is only one.
  bool try_another();

 private:
  enum class Use : unsigned char { kCurrent, kNext, kOld };
  KeyRing(std::string path, CurveKeys current) : path_(std::move(path)), current_(std::move(current)) {}

  std::string path_;
  CurveKeys current_;
  std::optional<CurveKeys> next_, old_;
  Use use_ = Use::kCurrent;
};

}  // namespace capmap
