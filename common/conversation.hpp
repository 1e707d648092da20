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
  std::uint32_t power_watts = 25;
  std::uint32_t permille = 20;               ///< of the reading's capacity, or of its last sent value where that has none
  std::uint32_t usage_every_intervals = 30;  ///< full usage at least so often
};

/// The agent's side of the protocol as a pure state machine: no socket, no clock, no thread. Uplink drives one for a real agent,
/// capmap-fleet thousands. Times are boot_ms.
///
/// hello until acked (a session) -> shape when asked -> usage in full when new, asked or due -> heartbeats with what moved.
/// These first messages follow each other as fast as acks come: one message at a time is on its way, the next leaves when it is acked or
/// an interval has passed. What was not acked by then counts as not told and is told again; an unanswered hello is followed by a
/// bare heartbeat, whose ack says whether the hello arrived.
/// A new epoch in an ack means a new controller: hello and full usage again. No ack for three intervals (10 s … 2 min) ->
/// take_broken() is true once, and the next message is hello. seq grows over the whole run.
class Conversation {
 public:
  static constexpr std::uint32_t kMinIntervalMs = 200, kMaxIntervalMs = 3'600'000;

  Conversation(std::uint64_t run_id, Thresholds thresholds);

  /// Sets what hello and shape say; changed facts make the next message a hello. Hello's envelope and shape_id are filled here.
  void set_facts(Hello hello, EncodedShape shape);
  [[nodiscard]] bool has_facts() const { return facts_set_; }

  /// The link came up anew: nothing sent before can be counted on; the next message is hello, at once.
  void on_link_up(std::uint64_t now_ms);
  /// False when the ack means another run, and was ignored.
  bool on_ack(const Ack& ack, std::uint64_t now_ms);

  /// When the next message is due; UINT64_MAX while there are no facts. 0 = at once (hello, an asked-for shape).
  [[nodiscard]] std::uint64_t due_ms() const { return due_ms_; }
  /// The message to send now, given the newest usage; moves due_ms on. Call when due_ms() <= now.
  AgentMessage next(const Usage& usage, std::uint64_t now_ms);
  /// Bye with the next seq, for an orderly end.
  Bye bye(std::string reason);

  /// True while the ack of a plain heartbeat is all that is awaited, and the one before was acked: it may be read together with the next
  /// reading, and so wakes nobody. What it asks for is then done one interval later.
  [[nodiscard]] bool ack_can_wait() const;

  /// Acks stopped coming although messages were sent: recreate the link. True once per silence.
  bool take_broken(std::uint64_t now_ms);
  /// When take_broken() would turn true; UINT64_MAX while no ack is missing.
  [[nodiscard]] std::uint64_t broken_ms() const;

  /// What the newest ack asked for; see Ack::benchmark_seconds.
  [[nodiscard]] std::uint32_t benchmark_seconds() const { return benchmark_seconds_; }
  [[nodiscard]] std::uint32_t session() const { return session_; }
  [[nodiscard]] std::uint32_t interval_ms() const { return interval_ms_; }
  [[nodiscard]] std::uint32_t applied_seq() const { return applied_seq_; }
  [[nodiscard]] std::uint32_t durable_seq() const { return durable_seq_; }

 private:
  enum class Kind : unsigned char { kNone, kHello, kShape, kUsage, kHeartbeat };

  Envelope envelope() { return {.run_id = run_id_, .seq = ++seq_}; }
  [[nodiscard]] bool urgent() const;
  /// The controller may have forgotten us: hello, and usage in full.
  void start_over();
  void forget_unacked();
  void schedule();
  Kind choose(const Usage& usage);
  AgentMessage make(Kind kind, const Usage& usage);
  Readings take_moved(const Readings& now);

  Thresholds thresholds_;
  std::uint64_t run_id_;
  std::uint32_t seq_ = 0;
  bool facts_set_ = false;
  Hello hello_;
  EncodedShape shape_;
  std::uint64_t epoch_ = 0;
  std::uint32_t session_ = 0, applied_seq_ = 0, durable_seq_ = 0;
  std::uint32_t interval_ms_ = 10'000, benchmark_seconds_ = 0;
  bool want_hello_ = true, want_shape_ = false, want_usage_ = true;
  std::uint32_t hello_seq_ = 0;  ///< of the hello that waits for its session; 0 = not sent yet
  Kind last_kind_ = Kind::kNone;
  std::uint32_t last_seq_ = 0;      ///< of the message on its way; 0 = none
  bool calm_ = false;               ///< it left at its time, with nothing else unacked
  std::uint32_t at_once_left_ = 0;  ///< messages that may still follow an ack at once in this interval
  std::uint32_t intervals_since_usage_ = 0;
  Usage told_;      ///< baseline: what the controller was last told
  Readings moved_;  ///< what the message on its way tells of it
  std::uint64_t sent_ms_ = 0, due_ms_ = UINT64_MAX;
  std::optional<std::uint64_t> unacked_since_ms_;
};

}  // namespace capmap
