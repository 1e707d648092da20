// Guests and hosts against a model without a thought for cost: everything is decided anew for all nodes after each event.
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "controller/map/rollup.hpp"
#include "tests/support/map_world.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::size_t kNodes = 8, kThings = 7;  // no more than GuestTable::kMostAlike

struct Model {
  struct Node {
    std::uint64_t site = 1;
    bool counted = false, fresh = false;
    ServiceState service = ServiceState::kInService;
    std::set<Fingerprint> own;
    std::map<Fingerprint, std::uint64_t> names;  ///< since when
    std::optional<std::size_t> host;
    std::uint64_t unnamed_ms = 0;
  };
  std::map<std::size_t, Node> nodes;

  [[nodiscard]] bool may_hold(std::size_t host, std::size_t guest) const {
    const auto found = nodes.find(host);
    if (found == nodes.end() || host == guest) return false;
    const auto service = found->second.service;
    return found->second.counted && found->second.site == nodes.at(guest).site && service != ServiceState::kRetired &&
           service != ServiceState::kQuarantined;
  }
  void decide(std::uint64_t now_ms) {
    for (auto& [number, node] : nodes) {
      std::optional<std::pair<std::uint64_t, NodeId>> best;
      std::optional<std::size_t> host;
      for (const auto& [other, claimer] : nodes) {
        std::optional<std::uint64_t> since;
        for (const auto& [name, when] : claimer.names) {
          if (node.own.contains(name)) since = std::min(since.value_or(UINT64_MAX), when);
        }
        const std::pair claim{since.value_or(0), numbered_id<NodeId>(other)};
        if (since && may_hold(other, number) && (!best || claim > *best)) {
          best = claim;
          host = other;
        }
      }
      const bool stays = !host && !node.own.empty() && node.host && may_hold(*node.host, number);
      node.unnamed_ms = !stays ? 0 : node.unnamed_ms != 0 ? node.unnamed_ms : now_ms;
      if (!stays) node.host = host;
    }
  }
  [[nodiscard]] bool elsewhere(std::size_t number) const {
    std::set<std::size_t> seen = {number};
    for (auto at = nodes.at(number).host; at; at = nodes.at(*at).host) {
      if (!seen.insert(*at).second) return false;
      if (!nodes.at(*at).host) return seen.size() <= GuestTable::kMostLevels + 1;
    }
    return false;
  }
  void heard(std::size_t number, std::uint64_t now_ms) {
    auto& node = nodes.at(number);
    const bool alone = node.unnamed_ms != 0 && now_ms >= node.unnamed_ms + GuestTable::kGraceMs;
    if (!elsewhere(number) || !node.fresh || !alone) return;
    node.host.reset();
    node.unnamed_ms = 0;
  }
};

class Play {
 public:
  explicit Play(std::uint64_t seed) : random_(seed), agents_(kNodes) {}

  void step() {
    const auto number = roll(kNodes);
    if (!model_.nodes.contains(number)) return let_in(number);
    switch (roll(12)) {
      case 0:
        world_.map.remove_node(agents_[number].node, world_.now);
        model_.nodes.erase(number);
        for (auto& [other, node] : model_.nodes) {
          if (node.host == number) node.host.reset();
        }
        return model_.decide(world_.now);
      case 1: return let_in(number);
      case 2: return order(number);
      case 3: return world_.pass(roll(3) == 0 ? roll(GuestTable::kGraceMs) : roll(20'000));
      case 4:
      case 5: return speak(number);
      default: return hello(number);
    }
  }

  void compare() {
    std::uint64_t installed = 0;
    for (const auto& [number, node] : model_.nodes) {
      INFO("node " << number);
      const auto row = world_.row(agents_[number]);
      const bool elsewhere = model_.elsewhere(number);
      REQUIRE(row.counted == node.counted);
      REQUIRE(row.counted_in.has_value() == elsewhere);
      if (elsewhere) REQUIRE(*row.counted_in == agents_[*node.host].node);
      const bool ordered_out = node.service == ServiceState::kRetired || node.service == ServiceState::kQuarantined;
      REQUIRE(row.counted_service == (elsewhere && !ordered_out ? ServiceState::kCountedElsewhere : node.service));
      installed += node.counted && !ordered_out && !elsewhere ? 1 : 0;
      inside_ += elsewhere ? 1 : 0;
    }
    const auto view = world_.map.view(world_.now, world_.now);
    REQUIRE(roll_up(*view, {}, world_.now).total.installed_nodes == installed);
  }
  [[nodiscard]] std::size_t inside() const { return inside_; }

 private:
  std::uint64_t roll(std::uint64_t below) { return random_() % below; }

  void let_in(std::size_t number) {
    const bool known = model_.nodes.contains(number);
    const auto site = 1 + roll(5) / 4;
    auto agent = world_.agent(number, server_shape(4, 16, 0), site);
    agent.run_id = ++runs_;
    if (!known) agents_[number] = std::move(agent);
    model_.nodes[number].site = site;
    model_.decide(world_.now);
  }
  void order(std::size_t number) {
    const std::array states = {ServiceState::kInService, ServiceState::kInService, ServiceState::kRetired, ServiceState::kQuarantined,
                               ServiceState::kDraining};
    const auto state = states[roll(states.size())];
    world_.map.set_service(agents_[number].node, {.state = state}, world_.now);
    model_.nodes[number].service = state;
    model_.decide(world_.now);
  }
  void hello(std::size_t number) {
    auto& agent = agents_[number];
    auto& node = model_.nodes[number];
    const bool starts = agent.seq == 0 || roll(4) == 0;
    if (starts) {
      agent.run_id = ++runs_;
      agent.seq = 0;
    }
    auto hello = agent.hello();
    const auto kind = roll(6);
    hello.virtualization = kind == 0 ? "" : kind == 1 ? "none" : "kvm";
    const auto things = [this](std::uint64_t one_in) {
      std::vector<Fingerprint> list;
      for (Fingerprint thing = 1; thing <= kThings; ++thing) {
        if (roll(one_in) == 0) list.push_back(thing);
      }
      return list;
    };
    hello.fingerprints = things(5);
    if (roll(3) != 0) hello.guest_fingerprints = things(4);
    REQUIRE(world_.say(agent, hello).refused.empty());

    node.counted = node.fresh = true;
    if (kind != 0) node.own = kind == 1 ? std::set<Fingerprint>() : std::set(hello.fingerprints.begin(), hello.fingerprints.end());
    if (hello.guest_fingerprints) {
      const auto before = std::exchange(node.names, {});
      for (const auto name : *hello.guest_fingerprints) node.names[name] = before.contains(name) ? before.at(name) : world_.now;
    }
    const bool said = kind != 0 || hello.guest_fingerprints;
    if (said && starts && node.unnamed_ms != 0) node.unnamed_ms = world_.now;
    model_.decide(world_.now);
    model_.heard(number, world_.now);
  }
  void speak(std::size_t number) {
    auto& agent = agents_[number];
    auto& node = model_.nodes[number];
    if (agent.seq == 0) return;
    node.fresh = roll(4) != 0;
    if (node.fresh) {
      REQUIRE(world_.say(agent, agent.heartbeat()).refused.empty());
    } else {
      REQUIRE(world_.say(agent, agent.bye()).refused.empty());
    }
    model_.heard(number, world_.now);
  }

  std::mt19937_64 random_;
  World world_;
  Model model_;
  std::vector<MapAgent> agents_;
  std::uint64_t runs_ = 10'000;
  std::size_t inside_ = 0;
};

}  // namespace

TEST_CASE("map guests: hosts and totals equal a naive model's after any hellos, moves, orders, removals, silences and lies") {
  const auto seed = run_seed();
  INFO("seed " << seed);
  Play play(seed);
  for (std::size_t step = 0; step < 20'000; ++step) {
    INFO("step " << step);
    play.step();
    play.compare();
  }
  CHECK(play.inside() > 1'000);
}

TEST_CASE("map guests: the totals are the same in whatever order hosts and guests say hello") {
  const auto seed = run_seed();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    World world;
    std::vector<std::pair<MapAgent, Hello>> hellos;
    for (std::uint64_t number = 0; number < 24; ++number) {  // three hosts, 12 guests of theirs, 6 guests of those, 3 of nobody
      auto agent = world.agent(number, server_shape(number < 3 ? 64 : 4, 16, 0));
      auto hello = agent.hello();
      hello.virtualization = number < 3 ? "none" : "kvm";
      if (number >= 3) hello.fingerprints = {number};
      hello.guest_fingerprints.emplace();
      for (std::uint64_t guest = 3; guest < 21; ++guest) {
        const auto host = guest < 15 ? guest % 3 : guest - 12;
        if (host == number) hello.guest_fingerprints->push_back(guest);
      }
      hellos.emplace_back(std::move(agent), std::move(hello));
    }
    std::shuffle(hellos.begin(), hellos.end(), random);
    for (auto& [agent, hello] : hellos) world.say(agent, hello);
    std::shuffle(hellos.begin(), hellos.end(), random);
    for (auto& [agent, hello] : hellos) {
      world.say(agent, agent.shape_message());
      world.now += random() % 3;
    }
    const auto total = roll_up(*world.map.view(world.now, world.now), {}, world.now).total;
    CHECK(total.installed_nodes == 6);
    CHECK(total.cores == 3 * 64 + 3 * 4);
  }
}
