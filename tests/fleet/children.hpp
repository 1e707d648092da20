#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/batch.hpp"
#include "tests/fleet/fleet.hpp"
#include "tests/fleet/server.hpp"

namespace capmap::fleet {

/// What a child controller says of some servers of a plan, message by message: pure, so that a bench can make messages without sockets.
/// A message is about numbers of the present run; those of servers that have left are passed over.
class Child {
 public:
  static constexpr std::uint32_t kHelloNodes = 1'500, kStateNodes = 7'000;
  enum class State : std::uint8_t { kFresh, kStale, kLost, kGone };

  Child(const Plan& plan, std::vector<std::uint32_t> numbers, std::vector<SiteId> site_ids, std::uint64_t seed);

  [[nodiscard]] std::size_t size() const { return order_.size(); }  ///< numbers of this run
  [[nodiscard]] const std::vector<Server>& servers() const { return servers_; }
  [[nodiscard]] State state(std::size_t server) const { return states_[server]; }
  /// A new run: who is there is numbered anew.
  void restart();
  /// So many servers leave, come back, are no longer heard or heard again; of those numbered below `named`.
  void churn(std::uint32_t servers, std::uint32_t named);
  /// What is stale is fresh again.
  void calm();
  /// In full, of those numbered `first` to `first` + kHelloNodes that are so; none: count is 0.
  BatchStates full_states_of(std::uint32_t first, State state);
  /// That the fresh ones live.
  BatchStates alive(std::uint32_t first, std::uint32_t most);
  /// Nodes from `first` on.
  BatchHello hello(std::uint32_t first, const std::vector<ShapeId>& shape_of_machine);
  /// Everything of the nodes from `first` on.
  BatchStates full_states(std::uint32_t first);
  /// New use of CPU and memory of the nodes from `first` on.
  BatchStates moved_states(std::uint32_t first, std::uint32_t most = kStateNodes);
  Envelope envelope() { return {.run_id = run_id_, .seq = ++seq_}; }
  [[nodiscard]] std::uint64_t run_id() const { return run_id_; }

 private:
  /// Liveness and numbers, of those that are so.
  BatchStates about(std::uint32_t first, std::uint32_t most, State state, std::vector<std::uint32_t>& servers);

  const Plan& plan_;
  std::vector<SiteId> site_ids_;  ///< [site of the plan]
  std::vector<Server> servers_;
  std::vector<State> states_;             ///< [server]
  std::vector<std::uint32_t> order_;      ///< [number] server
  std::vector<std::uint32_t> number_of_;  ///< [server] its newest
  Dice dice_;
  std::uint64_t run_id_;
  std::uint32_t seq_ = 0;
};

struct ChildrenOptions {
  std::uint64_t seed = 1;
  std::string controller, server_public_key, truth;
  std::uint32_t quiet_after_s = 20, seconds = 0;
  /// Until the quiet point; by the seed. loss, duplicate: of messages. churn: servers of a thousand, each interval, that leave, come back,
  /// go stale or lost.
  std::uint32_t loss_permille = 0, duplicate_permille = 0, churn_permille = 0;
  /// Folder of their state folders, each named by its division: their keys change, by age (seconds; 0 = when they are asked to), and they
  /// follow the parent's. Empty: keys of this run alone.
  std::string states;
  std::uint32_t key_max_age_s = 0;
  std::uint16_t next_port = 0;        ///< the parent's other port; 0 = two above the message port
  std::uint32_t restart_every_s = 0;  ///< a child begins a new run so often, one after the other; 0 = never
};
/// Runs one child controller a division, each with a key of its own, in this thread: hellos, shapes that are asked for, all states, then
/// states that move each interval; from the quiet point on they stand still and only say that their nodes live.
/// site_ids: [site of the plan]; tokens: [division in the order of `divisions`].
struct Division {
  std::string code, token;
};
Result<Done> run_children(const ChildrenOptions& options, const Plan& plan, const std::vector<SiteId>& site_ids,
                          const std::vector<Division>& divisions);

}  // namespace capmap::fleet
