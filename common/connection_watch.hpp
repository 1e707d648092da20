#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "common/result.hpp"

namespace capmap {

/// Counts the connections of a listening socket, those that still shake hands included: each holds a descriptor. Belongs to the thread
/// that opened it, which need not be the socket's.
class ConnectionWatch {
 public:
  /// To be opened before watch_connections() with the same name, "inproc://…": libzmq's I/O thread waits until somebody reads.
  /// Errors: kUnavailable.
  static Result<ConnectionWatch> open(zmq::context_t& context, const std::string& name);
  /// Takes in what has happened since, and says how many are open. Never blocks.
  std::uint64_t count(std::uint64_t now_ms);
  /// How many have ended since it was opened, as far as count() has taken in.
  [[nodiscard]] std::uint64_t ended() const { return ended_; }
  /// For polling; count() empties it.
  zmq::socket_t& socket() { return pair_; }

  /// How long a peer may take before its connection may be ended: to say anything at all; and, since we last said something and with
  /// nothing of its own left unread, to say what only one who knows our public key can go on from. Where we are slow, nobody else is.
  struct Patience {
    std::uint64_t silent_ms = 0, slow_ms = 0;
  };
  /// Ends connections of strangers, oldest first, at most so many: those whose peer has not sent the first half of a CURVE handshake.
  /// libzmq has no call for that, so the kernel's end is shut down under it, and it clears away what is left as after any peer's end.
  /// Descriptors are told by libzmq's events and looked at again just before: were one another's meanwhile, it would have to be a new
  /// connection of the same port that has not spoken either, and that one connects again. How many were ended. Cost: a system call for
  /// each connection that is looked at for the first time, and for each stranger.
  std::uint64_t end_strangers(std::uint64_t now_ms, const Patience& patience, std::uint64_t most);
  /// How many are strangers' as yet. Same cost.
  std::uint64_t strangers();

 private:
  struct Young {
    int descriptor = -1, port = 0;
    std::uint64_t accepted_ms = 0, number = 0;
  };
  struct Said {
    std::uint64_t bytes = 0;
    std::uint64_t waiting_ms = 0;  ///< we for it, since we last said something
  };
  /// What its peer has sent, where it may be a stranger's.
  [[nodiscard]] std::optional<Said> said_by_stranger(const Young& one) const;
  explicit ConnectionWatch(zmq::socket_t pair) : pair_(std::move(pair)) {}
  void accepted(int descriptor, std::uint64_t now_ms);

  zmq::socket_t pair_;
  std::uint64_t open_ = 0, accepted_ = 0, ended_ = 0;
  std::deque<Young> young_;               ///< in the order they came: not known yet to be more than strangers
  std::vector<std::uint64_t> number_of_;  ///< [descriptor] which of the accepted has it now, 0 = none
};

/// In the thread of the listening socket, once it is bound; connections that came before are not counted. Errors: kUnavailable.
Result<Done> watch_connections(zmq::socket_t& listener, const std::string& name);

}  // namespace capmap
