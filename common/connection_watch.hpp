#pragma once
#include <cstdint>
#include <string>
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
  std::uint64_t count();
  /// For polling; count() empties it.
  zmq::socket_t& socket() { return pair_; }

 private:
  explicit ConnectionWatch(zmq::socket_t pair) : pair_(std::move(pair)) {}
  zmq::socket_t pair_;
  std::uint64_t open_ = 0;
};

/// In the thread of the listening socket, once it is bound; connections that came before are not counted. Errors: kUnavailable.
Result<Done> watch_connections(zmq::socket_t& listener, const std::string& name);

}  // namespace capmap
