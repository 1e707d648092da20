#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "common/ids.hpp"
#include "common/key_change.hpp"
#include "common/link_move.hpp"
#include "common/log.hpp"
#include "common/uplink.hpp"

namespace capmap {

/// What the two files of the uplink share: uplink.cpp says what is sent and when, uplink_links.cpp over which link.
class Uplink {
 public:
  Uplink(zmq::context_t& context, const UplinkOptions& options, const Clock& clock, zmq::socket_t inputs, zmq::socket_t pace)
      : context_(context),
        options_(options),
        clock_(clock),
        inputs_(std::move(inputs)),
        pace_(std::move(pace)),
        talk_(random_u64(), options.thresholds),
        server_(options.server) {
    if (options.ring) keys_.emplace(*options.ring, options.key_max_age_ms, clock.boot_ms(), clock.unix_ms());
  }

  Result<Done> run();

 private:
  static constexpr std::uint64_t kFirstBackoffMs = 1'000, kMaxBackoffMs = 60'000;

  Result<Done> open_link();
  /// Closes the link; the next one opens after a wait that doubles until an ack comes.
  void give_up_link(const std::string& problem);
  /// Tries another way soon; where all were tried, or there is but one, as give_up_link.
  void give_up_way(const std::string& problem);
  void close_link();
  void wait_to_reopen(std::uint64_t at_most_ms);
  void wait();
  /// False on stop.
  bool take_inputs();
  void follow_link();
  void take_acks();
  void take_ack(const Ack& ack);
  void take_news(std::span<const std::byte> bytes);
  void take_server_keys(const KeyNews& news);
  void offer_key();
  void go_over();
  void link_is_up();
  [[nodiscard]] DealerOptions dealer_options() const;
  void send_due();
  void tell_pace();
  void try_other_family();
  void say_goodbye();
  void send_message(AgentMessage message);
  [[nodiscard]] std::uint64_t next_event_ms() const;

  zmq::context_t& context_;
  const UplinkOptions& options_;
  const Clock& clock_;
  zmq::socket_t inputs_, pace_;
  Conversation talk_;
  Usage usage_;
  std::optional<WatchedDealer> link_;
  bool ready_ = false;  ///< the handshake is done: messages may leave
  bool inputs_ready_ = false, acks_ready_ = false, events_ready_ = false, usage_just_came_ = false;  ///< of this turn
  bool ipv4_only_ = false;
  int handshake_ms_ = kTransportHandshakeMs;
  std::optional<KeyChange> keys_;
  bool answered_ = false;  ///< by an ack, on this link
  std::optional<KnownServer> server_;
  LinkMove move_;
  std::uint16_t left_port_ = 0;         ///< by the move that was begun last
  int retries_ = 0;                     ///< of this link, while nobody listens
  std::uint64_t news_ms_ = UINT64_MAX;  ///< until when the enrolment port may take to answer
  std::uint64_t reopen_ms_ = 0, backoff_ms_ = kFirstBackoffMs;
  std::uint64_t family_until_ms_ = UINT64_MAX;
  std::uint64_t told_due_ms_ = 0;  ///< what the tick thread plans for
  std::uint32_t told_interval_ms_ = 0, told_benchmark_ = 0;
  ChangeLog log_;
  RateLimit complaints_{5};
};

}  // namespace capmap
