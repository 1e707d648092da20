#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <zmq.hpp>

#include "common/clock.hpp"
#include "common/key_change.hpp"
#include "common/known_server.hpp"
#include "common/link_move.hpp"
#include "common/log.hpp"
#include "common/result.hpp"
#include "common/transport.hpp"

namespace capmap {

struct ServerLinkOptions {
  DealerOptions dealer;
  std::optional<KeyRing> ring{};                      ///< our own keys, in place of dealer.keys; absent: these never change
  std::optional<KnownServer> server{};                ///< the server's keys and ports, in place of dealer's endpoint and key
  std::uint64_t key_max_age_ms = 0;                   ///< the ring's key is changed when it is older; 0 = only when the server asks for it
  std::string join_with = "capmap-agent join TOKEN";  ///< what an operator runs where the server knows none of our keys
};

/// The link to the controller above, whoever speaks over it: an agent's uplink, or a controller to its parent. Connects, watches the
/// socket's monitor, and takes what is said of keys out of what is received. A refused key is logged once a change and tried again slowly
/// with a recreated socket (1 s doubling to 60 s, jittered), each second time with another one of the ring; a link that its user gives up
/// as silent is recreated likewise. A key that is too old, or that the server wants changed, is changed over the link that it let in
/// (common/key_change.hpp). Where the server has other keys than expected, its ports are tried one after the other
/// (common/known_server.hpp); where it wants the link on another port, that is made before this one is given up (common/link_move.hpp).
/// Belongs to one thread, from birth to end.
class ServerLink {
 public:
  ServerLink(zmq::context_t& context, ServerLinkOptions options, const Clock& clock);

  /// Opens the link where there is none and it is time to. Errors: the socket cannot be made at all (bad endpoint or keys).
  Result<Done> open_if_due();
  /// Reads what the monitor has to tell: wanted where monitor() can be read.
  void follow_events();
  /// What goes by time: other ways and addresses, another port, an offer of the next key. Wanted at next_ms().
  void turn();
  /// When that is; UINT64_MAX: never by itself.
  [[nodiscard]] std::uint64_t next_ms() const;
  /// True once after each time that the link has come up, or is another one than before: what was under way may be lost.
  bool take_up();

  [[nodiscard]] bool open() const { return link_.has_value(); }
  [[nodiscard]] bool ready() const { return ready_; }  ///< the handshake is done: messages may leave
  /// The next message that is not about keys; absent: none waits.
  std::optional<zmq::message_t> next_message();
  /// Only while it is open. A full queue is a link that takes nothing, which its user will find silent: nothing is told here.
  void send(std::span<const std::byte> bytes);
  /// The server has answered over this link.
  void answered();
  /// Closes the link; the next one opens after a wait that doubles until an answer comes.
  void give_up(const std::string& problem);

  /// To wait for; null: there is none.
  zmq::socket_t* dealer() { return link_ ? &link_->dealer : nullptr; }
  zmq::socket_t* monitor() { return link_ ? &link_->monitor.socket() : nullptr; }
  zmq::socket_t* monitor_beside() { return link_ ? move_.monitor() : nullptr; }

 private:
  static constexpr std::uint64_t kFirstBackoffMs = 1'000, kMaxBackoffMs = 60'000;

  /// Tries another way soon; where all were tried, or there is but one, as give_up.
  void give_up_way(const std::string& problem);
  void close();
  void wait_to_reopen(std::uint64_t at_most_ms);
  void take_news(std::span<const std::byte> bytes);
  void take_server_keys(const KeyNews& news);
  void offer_key();
  void go_over();
  void is_up();
  void try_other_family();
  [[nodiscard]] DealerOptions dealer_options() const;
  [[nodiscard]] std::string refused_text(const std::string& detail) const;
  [[nodiscard]] std::string wrong_key_text(const std::string& detail) const;

  zmq::context_t& context_;
  const Clock& clock_;
  DealerOptions dealer_;
  std::string join_with_;
  std::optional<WatchedDealer> link_;
  bool ready_ = false, up_ = false;
  bool ipv4_only_ = false;
  int handshake_ms_ = kTransportHandshakeMs;
  std::optional<KeyChange> keys_;
  bool answered_ = false;  ///< on this link
  std::optional<KnownServer> server_;
  LinkMove move_;
  std::uint16_t left_port_ = 0;         ///< by the move that was begun last
  int retries_ = 0;                     ///< of this link, while nobody listens
  std::uint64_t news_ms_ = UINT64_MAX;  ///< until when the enrolment port may take to answer
  std::uint64_t reopen_ms_ = 0, backoff_ms_ = kFirstBackoffMs;
  std::uint64_t family_until_ms_ = UINT64_MAX;
  ChangeLog log_;
  RateLimit complaints_{5};
};

}  // namespace capmap
