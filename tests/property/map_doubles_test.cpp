// Doubles, guests and hosts against a model without a thought for cost: who counts is decided anew for all nodes after each event.
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "controller/map/rollup.hpp"
#include "tests/support/map_world.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::size_t kNodes = 8, kMarks = 3;  // no more than MarkTable::kMostAlike

struct Model {
  struct Node {
    bool counted = false;
    ServiceState service = ServiceState::kInService;
    std::optional<Fingerprint> uuid, ports;
    std::optional<std::size_t> host;  ///< of a guest: what the map makes of it, which map_guests_test holds to a model of its own
  };
  std::map<std::size_t, Node> nodes;
  std::map<std::pair<std::size_t, std::size_t>, bool> settled;  ///< (node, other): the same?

  [[nodiscard]] bool stands(std::size_t number) const {
    const auto found = nodes.find(number);
    if (found == nodes.end() || !found->second.counted) return false;
    return found->second.service != ServiceState::kRetired && found->second.service != ServiceState::kQuarantined;
  }
  [[nodiscard]] bool alike(std::size_t one, std::size_t other) const {
    const auto &a = nodes.at(one), &b = nodes.at(other);
    return (a.uuid && a.uuid == b.uuid) || (a.ports && a.ports == b.ports);
  }
  /// The node that it is by an admin's word, the first by id.
  [[nodiscard]] std::optional<std::size_t> chosen(std::size_t number) const {
    std::optional<std::size_t> first;
    for (const auto& [pair, same] : settled) {
      if (!same || pair.first != number || !stands(pair.second) || !alike(number, pair.second)) continue;
      if (!first || numbered_id<NodeId>(pair.second) < numbered_id<NodeId>(*first)) first = pair.second;
    }
    return first;
  }
  [[nodiscard]] std::optional<std::size_t> double_of(std::size_t number) const {
    std::set<std::size_t> seen;
    for (auto at = chosen(number); at; at = nodes.at(*at).host ? nodes.at(*at).host : chosen(*at)) {
      if (*at == number || !seen.insert(*at).second) return std::nullopt;
    }
    return chosen(number);
  }
};

class Play {
 public:
  explicit Play(std::uint64_t seed) : random_(seed), agents_(kNodes) {}

  void step() {
    const auto number = roll(kNodes);
    if (!model_.nodes.contains(number)) return let_in(number);
    switch (roll(12)) {
      case 0: return remove(number);
      case 1: return order(number);
      case 2: return world_.pass(roll(20'000));
      case 3:
      case 4:
      case 5: return settle(number, roll(kNodes));
      default: return hello(number);
    }
  }

  void compare() {
    for (auto& [number, node] : model_.nodes) {
      const auto row = world_.row(agents_[number]);
      node.host.reset();
      if (row.counted_in && !row.same_machine) node.host = number_of(*row.counted_in);
    }
    std::uint64_t installed = 0, suspected = 0;
    for (const auto& [number, node] : model_.nodes) {
      INFO("node " << number);
      const auto row = world_.row(agents_[number]);
      const auto other = node.host ? node.host : model_.double_of(number);
      REQUIRE(row.counted_in.has_value() == other.has_value());
      if (other) REQUIRE(*row.counted_in == agents_[*other].node);
      installed += model_.stands(number) && !other ? 1 : 0;
      left_out_ += other && !node.host ? 1 : 0;
    }
    for (const auto& [number, node] : model_.nodes) suspected += suspects(number) ? 1 : 0;
    world_.pass(1'000);
    const auto view = world_.map.view(world_.now, world_.now);
    REQUIRE(roll_up(*view, {}, world_.now).total.installed_nodes == installed);
    REQUIRE((view->doubles ? view->doubles->suspected_nodes : 0) == suspected);
    std::size_t shown = 0;
    for (const auto& pair : view->doubles ? view->doubles->pairs : std::vector<Double>())
      shown += pair.state == DoubleState::kSuspected ? 0 : 1;
    REQUIRE(shown == model_.settled.size());
  }
  [[nodiscard]] std::size_t left_out() const { return left_out_; }

 private:
  std::uint64_t roll(std::uint64_t below) { return random_() % below; }
  std::size_t number_of(const NodeId& id) const {
    for (std::size_t i = 0; i < kNodes; ++i) {
      if (numbered_id<NodeId>(i) == id) return i;
    }
    return kNodes;
  }
  [[nodiscard]] bool in_totals(std::size_t number) const {
    return model_.stands(number) && !model_.nodes.at(number).host && !model_.double_of(number);
  }
  [[nodiscard]] bool suspects(std::size_t number) const {
    for (const auto& [other, node] : model_.nodes) {
      const bool told = model_.settled.contains({number, other}) || model_.settled.contains({other, number});
      if (other != number && !told && model_.alike(number, other) && in_totals(number) && in_totals(other)) return true;
    }
    return false;
  }

  void let_in(std::size_t number) {
    agents_[number] = world_.agent(number, server_shape(4, 16, 0));
    agents_[number].run_id = ++runs_;
    model_.nodes[number] = {};
  }
  void remove(std::size_t number) {
    world_.map.remove_node(agents_[number].node, world_.now);
    model_.nodes.erase(number);
    std::erase_if(model_.settled, [number](const auto& one) { return one.first.first == number || one.first.second == number; });
  }
  void order(std::size_t number) {
    const std::array states = {ServiceState::kInService, ServiceState::kInService, ServiceState::kRetired, ServiceState::kQuarantined,
                               ServiceState::kDraining};
    const auto state = states[roll(states.size())];
    world_.map.set_service(agents_[number].node, {.state = state}, world_.now);
    model_.nodes[number].service = state;
  }
  void settle(std::size_t number, std::size_t other) {
    const bool known = number != other && model_.nodes.contains(other), same = roll(4) != 0;
    const auto other_id = numbered_id<NodeId>(other);
    REQUIRE(world_.map.settle_double({.node = agents_[number].node, .other = other_id, .same = same, .settled_unix_ms = 1}) == known);
    if (!known) return;
    model_.settled.erase({other, number});
    model_.settled[{number, other}] = same;
  }
  void hello(std::size_t number) {
    auto& agent = agents_[number];
    auto& node = model_.nodes[number];
    auto hello = agent.hello();
    const auto mark = [this] { return roll(4) == 0 ? std::nullopt : std::optional<Fingerprint>(1 + roll(kMarks)); };
    hello.machine = {.uuid = mark(), .ports = mark()};
    hello.virtualization = roll(3) == 0 ? "kvm" : "none";
    if (roll(4) == 0) hello.fingerprints = {1 + roll(4)};
    if (roll(4) == 0) hello.guest_fingerprints = std::vector<Fingerprint>{1 + roll(4)};
    REQUIRE(world_.say(agent, hello).refused.empty());
    node.counted = true;
    if (!hello.machine.any()) return;
    const auto moved = [](const auto& now, const auto& before) { return now && before && now != before; };
    const bool other_uuid = moved(hello.machine.uuid, node.uuid), other_ports = moved(hello.machine.ports, node.ports);
    if (hello.machine.uuid || other_ports) node.uuid = hello.machine.uuid;
    if (hello.machine.ports || other_uuid) node.ports = hello.machine.ports;
  }

  std::mt19937_64 random_;
  World world_;
  Model model_;
  std::vector<MapAgent> agents_;
  std::uint64_t runs_ = 10'000;
  std::size_t left_out_ = 0;
};

}  // namespace

TEST_CASE("map doubles: who is counted where, and who is suspected, equals a naive model's after any hellos, words, orders and removals") {
  const auto seed = run_seed();
  INFO("seed " << seed);
  Play play(seed);
  for (std::size_t step = 0; step < 10'000; ++step) {
    INFO("step " << step);
    play.step();
    play.compare();
  }
  CHECK(play.left_out() > 1'000);
}
