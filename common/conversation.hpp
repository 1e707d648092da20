#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "common/messages.hpp"

namespace capmap {

/// When a reading has moved enough to be sent in a heartbeat; below it the last sent value stands. Absolute, in the reading's unit,
/// or permille of `of` (all PUs, all memory) when that is larger. Every reading is sent anyway when usage is due.
struct Thresholds {
  std::uint32_t cpu_busy_millicores = 50;
  std::uint32_t memory_used_mib = 64;
  std::uint32_t storage_used_mb = 1'000;
  std::uint32_t storage_kbs = 1'000;
  std::uint32_t network_kbps = 1'000;
  std::uint32_t permille = 20;               ///< of the reading's capacity, or of its last sent value where that has none
  std::uint32_t usage_every_intervals = 30;  ///< full usage at least so often
};

/// The agent's side of the protocol as a pure state machine: no socket, no clock, no thread. Uplink drives one for a real agent,
/// capmap-fleet thousands. Times are boot_ms.
///
/// hello until acked (a session) -> shape when asked -> usage in full when new, asked or due -> heartbeats with what moved.
/// A new epoch in an ack means a new controller: hello and full usage again. No ack for silent_intervals -> broken() is true once,
/// and the next message is hello. seq grows over the whole run.
class Conversation {
 public:
  Conversation(std::uint64_t run_id, Thresholds thresholds);

  /// Sets what hello and shape say; a changed shape makes the next message a hello. Hello's envelope and shape_id are filled here.
  void set_facts(Hello hello, EncodedShape shape);
  [[nodiscard]] bool has_facts() const { return facts_set_; }

  /// The link came up anew: nothing sent before can be counted on; the next message is hello, at once.
  void on_link_up(std::uint64_t now_ms);
  void on_ack(const Ack& ack, std::uint64_t now_ms);

  /// When the next message is due; UINT64_MAX while there are no facts. 0 = at once (hello, an asked-for shape).
  [[nodiscard]] std::uint64_t due_ms() const { return due_ms_; }
  /// The message to send now, given the newest usage; moves due_ms on. Call when due_ms() <= now.
  AgentMessage next(const Usage& usage, std::uint64_t now_ms);
  /// Bye with the next seq, for an orderly end.
  Bye bye(std::string reason);

  /// Acks stopped coming although messages were sent: recreate the link. True once per silence.
  bool take_broken(std::uint64_t now_ms);
  /// When take_broken() will next have something to say; UINT64_MAX while nothing waits for an ack.
  [[nodiscard]] std::uint64_t silent_at_ms() const;

  [[nodiscard]] std::uint32_t session() const { return session_; }
  [[nodiscard]] std::uint32_t interval_ms() const { return interval_ms_; }
  [[nodiscard]] std::uint32_t applied_seq() const { return applied_seq_; }
  [[nodiscard]] std::uint32_t durable_seq() const { return durable_seq_; }

  /// Messages without an ack for so many intervals: the link is broken, whatever TCP says.
  static constexpr std::uint32_t kSilentIntervals = 3;
  /// The same thing is not said again within this time, however often it is asked for.
  static constexpr std::uint64_t kRepeatMs = 1'000;

 private:
  enum class Next : unsigned char { kHello, kShape, kUsage, kHeartbeat };
  [[nodiscard]] Next what_next(const Usage& usage) const;
  Envelope number();
  Readings take_moved(const Readings& now);
  void schedule(std::uint64_t now_ms);

  Thresholds thresholds_;
  std::uint64_t run_id_;
  std::uint32_t seq_ = 0;
  bool facts_set_ = false;
  Hello hello_;
  EncodedShape shape_;
  std::uint64_t epoch_ = 0;
  std::uint32_t session_ = 0, applied_seq_ = 0, durable_seq_ = 0;
  std::uint32_t interval_ms_ = 10'000;
  bool want_hello_ = true, want_shape_ = false, want_usage_ = true;
  std::uint32_t hello_seq_ = 0;                                                 ///< of the hello that waits for its ack; 0 = none was sent
  std::uint64_t hello_again_ms_ = 0, shape_again_ms_ = 0, usage_again_ms_ = 0;  ///< not before
  std::uint32_t intervals_since_usage_ = 0;
  Usage sent_;  ///< baseline: what the controller was last told
  std::uint64_t last_sent_ms_ = 0, due_ms_ = UINT64_MAX;
  std::optional<std::uint64_t> unacked_since_ms_;
};

}  // namespace capmap
