#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "common/conversation.hpp"
#include "tests/fleet/fleet.hpp"
#include "tests/fleet/server.hpp"

namespace capmap::fleet {

/// What all agents of a process share.
struct Stage {
  zmq::context_t& context;
  const FleetOptions& options;
  const Plan& plan;
  const std::vector<EncodedShape>& shapes;  ///< [machine], then [false shape]
  int mailboxes = -1;                       ///< epoll descriptor of all sockets, each with its agent's place
};

/// One simulated server's agent: a Conversation over a DEALER of its own, with the faults it has been given.
class Agent {
 public:
  /// `place`: what its socket's events are marked with.
  Agent(const Stage& stage, std::uint32_t number, const CurveKeys& keys, std::uint32_t place, std::uint64_t now_ms);

  Result<Done> start(const Stage& stage, std::uint64_t now_ms, std::uint64_t now_unix_ms);
  /// Sends what is due and reads what came. Wanted when its socket has an event, and at wakes_ms().
  Result<Done> turn(const Stage& stage, std::uint64_t now_ms, std::uint64_t now_unix_ms, bool quiet);
  /// When it wants a turn although nothing comes; UINT64_MAX = never.
  [[nodiscard]] std::uint64_t wakes_ms(const Stage& stage, bool quiet) const;
  void say_bye();
  /// No faults any more, and no new readings.
  void calm();
  [[nodiscard]] bool running() const { return dealer_.handle() != nullptr; }
  [[nodiscard]] bool in_session() const { return running() && talk_->session() != 0; }
  /// The interval it was given last.
  [[nodiscard]] std::uint32_t interval_ms() const { return talk_ ? talk_->interval_ms() : 0; }
  [[nodiscard]] const Server& server() const { return server_; }
  [[nodiscard]] std::uint64_t stopped_ms() const { return stopped_ms_; }  ///< while it does not run
  [[nodiscard]] bool stopped_with_bye() const { return bye_said_; }
  [[nodiscard]] bool ever_acked() const { return acks != 0; }
  /// Why a controller counts nothing of it for a while, in words of the reason it must give; null where it is believed.
  [[nodiscard]] const char* doubt() const;

  bool floods = false, flips = false, clone = false, future = false, replays = false;
  bool cloned = false;  ///< a clone has its key too: it is held until an admin settles it, which nobody does here
  void lie() { server_.lie(); }
  void lie_about_shape(std::size_t which) { false_shape_ = which % false_shapes().size(); }

  std::uint64_t acks = 0, sent = 0;
  std::uint64_t latest_ms = UINT64_MAX;  ///< of the newest ack; UINT64_MAX when it was counted

 private:
  void stop(const Stage& stage, std::uint64_t now_ms);
  void put(const Faults& faults, Bytes bytes, std::uint64_t now_ms);
  void send_delayed(std::uint64_t now_ms);
  void play_back(std::uint64_t now_ms);
  std::uint32_t another_machine(const Plan& plan);
  void set_facts(const Stage& stage, std::uint64_t now_unix_ms);

  struct Delayed {
    std::uint64_t due_ms = 0;
    Bytes bytes;
  };

  Server server_;
  CurveKeys keys_;
  Dice random_;
  zmq::socket_t dealer_;
  std::optional<Conversation> talk_;
  std::vector<Delayed> delayed_;
  std::vector<Bytes> recorded_;  ///< the newest kRecorded messages, when they are replayed
  std::uint64_t run_id_ = 0, sent_ms_ = 0, stopped_ms_ = 0, returns_ms_ = 0, looked_ms_ = 0, flipped_ms_ = 0, replayed_ms_ = 0,
                acks_of_run_ = 0;
  std::uint32_t machine_, place_;
  std::optional<std::size_t> false_shape_;
  static constexpr std::uint32_t kMostRenames = 4;
  std::uint32_t renames_ = 0;
  bool bye_said_ = false, flooded_ = false, replayed_ = false;
  bool look_again_ = false;  ///< sending may have swallowed the event of what came meanwhile, and a turn reads only so many
};

}  // namespace capmap::fleet
