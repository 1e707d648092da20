#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/codec_keys.hpp"
#include "common/result.hpp"

namespace capmap {

/// One way to reach the controller.
struct ServerWay {
  std::string endpoint;  ///< "tcp://host:port"
  std::string key;       ///< the server's, Z85
  std::uint16_t port = 0;
  bool enrolment = false;  ///< the enrolment port: it takes no messages, but tells which keys the others have
  bool operator==(const ServerWay&) const = default;
};

/// What an agent knows of the controller's keys: what join wrote (the key of the enrolment port, which never changes), and what news of
/// keys told since, in a file of its state folder (server.keys, 0600) that is on the disk before the controller is told that it is known.
/// Where the way in use does not work, try_another() goes round: message port, the other port, each key at the other's place, and at last
/// the enrolment port, so an agent that knows none of today's keys learns them there. One thread.
class KnownServer {
 public:
  struct Joined {
    std::string endpoint;                         ///< of the message port, "tcp://host:8471"
    std::string public_key;                       ///< as join wrote it
    std::uint16_t next_port = 0, enrol_port = 0;  ///< of the same host; 0 = two and one above the message port
    std::string file;                             ///< empty: nothing is kept
  };
  /// A file that is damaged (said in the log, with the line), or that was written under another joined key, is passed over: what join wrote
  /// and the enrolment port are enough to come back. Errors: kMalformed (endpoint); kDenied (others may read the file, or it is another
  /// account's: says chmod 600, chown).
  static Result<KnownServer> open(Joined joined);

  [[nodiscard]] const ServerWay& in_use() const { return ways_[at_]; }
  [[nodiscard]] bool at_home() const { return at_ == 0; }
  /// Why the file was passed over, with its line and what to do; empty: it was not.
  [[nodiscard]] const std::string& passed_over() const { return passed_over_; }
  /// False: all have been tried since the last answer (or since the last time that this was false), and the first one comes again.
  bool try_another();
  /// The next connection, or one that is made already, goes there. False: no key of that port is known.
  bool use_port(std::uint16_t port);
  /// The message port comes next.
  void start_over();

  /// Keeps what the controller says of its keys; the way in use stays. Errors: those of writing; nothing is taken then.
  Result<Done> take(const KeyNews& news);
  /// The controller answers over the way in use: a key that it has on the message port is that port's key from now on.
  Result<Done> answered();

 private:
  struct Keys {
    std::string home, other;  ///< other: empty where none was told
    std::uint16_t other_port = 0;
    bool operator==(const Keys&) const = default;
  };
  KnownServer(Joined joined, std::string host, std::uint16_t port);
  [[nodiscard]] Result<Keys> read() const;
  Result<Done> change(Keys keys);
  void make_ways();

  Joined joined_;
  std::string host_;  ///< "tcp://host:"
  std::uint16_t home_port_;
  std::string passed_over_;
  Keys keys_;
  std::vector<ServerWay> ways_;
  std::size_t at_ = 0, tried_ = 0;
};

}  // namespace capmap
