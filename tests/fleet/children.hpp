#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/batch.hpp"
#include "tests/fleet/fleet.hpp"
#include "tests/fleet/server.hpp"

namespace capmap::fleet {

/// What a child controller says of some servers of a plan, message by message: pure, so that a bench can make messages without sockets.
class Child {
 public:
  static constexpr std::uint32_t kHelloNodes = 1'500, kStateNodes = 7'000;

  Child(const Plan& plan, std::vector<std::uint32_t> numbers, std::vector<SiteId> site_ids, std::uint64_t seed);

  [[nodiscard]] std::size_t size() const { return servers_.size(); }
  [[nodiscard]] const std::vector<Server>& servers() const { return servers_; }
  /// Nodes from `first` on.
  BatchHello hello(std::uint32_t first, const std::vector<ShapeId>& shape_of_machine);
  /// Everything of the nodes from `first` on.
  BatchStates full_states(std::uint32_t first);
  /// New use of CPU and memory of the nodes from `first` on.
  BatchStates moved_states(std::uint32_t first);
  Envelope envelope() { return {.run_id = run_id_, .seq = ++seq_}; }
  [[nodiscard]] std::uint64_t run_id() const { return run_id_; }

 private:
  const Plan& plan_;
  std::vector<SiteId> site_ids_;  ///< [site of the plan]
  std::vector<Server> servers_;
  std::uint64_t run_id_;
  std::uint32_t seq_ = 0;
};

struct ChildrenOptions {
  std::uint64_t seed = 1;
  std::string controller, server_public_key, truth;
  std::uint32_t quiet_after_s = 20, seconds = 0;
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
