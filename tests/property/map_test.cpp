#include <catch2/catch.hpp>
#include <functional>
#include <iostream>
#include <random>

#include "common/codec.hpp"
#include "tests/property/followed_map.hpp"
#include "tests/property/naive_fold.hpp"
#include "tests/support/map_agent.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kStart = 1'000'000;
constexpr std::size_t kNodes = 40, kSites = 6;
const std::array<std::string, 4> kRegions = {"110101", "310115", "", "1101"};

/// Random numbers of one seed.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  /// 0 … below - 1
  std::uint64_t roll(std::uint64_t below) { return engine_() % below; }
  bool one_in(std::uint64_t n) { return roll(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

Site site_of(std::size_t number, Dice& dice) {
  Site site;
  site.id = numbered_id<SiteId>(number);
  site.name = "site " + std::to_string(number);
  site.region = kRegions[dice.roll(kRegions.size())];
  if (dice.one_in(2)) site.owner_class = "private";
  return site;
}

/// Some servers, among them one that says nothing of its PUs and memory, and one whose order of disks is another's turned round:
/// another id, the same hardware.
std::vector<Shape> make_shapes() {
  std::vector<Shape> shapes = {server_shape(4, 16, 0), server_shape(8, 64, 2), server_shape(64, 512, 8), server_shape(96, 2'048, 20, 4)};
  Shape bare;
  bare.accelerators.push_back({});
  shapes.push_back(bare);
  Shape two_disks = server_shape(8, 32, 0);
  two_disks.disks.push_back({.media = Media::kHdd, .model = {}, .bytes = {}, .count = 3});
  canonicalize(two_disks);
  shapes.push_back(two_disks);
  std::swap(two_disks.disks[0], two_disks.disks[1]);
  shapes.push_back(two_disks);
  return shapes;
}

struct InFlight {
  NodeId node;
  AgentMessage message;
};

/// Agents, a network that loses, repeats and reorders, and the two maps.
class Play {
 public:
  explicit Play(std::uint64_t seed) : dice_(seed), shapes_(make_shapes()) {
    for (std::size_t i = 0; i < kNodes; ++i) {
      MapAgent agent;
      agent.node = numbered_id<NodeId>(i);
      agent.shape = random_shape();
      agents_.push_back(agent);
      let_in(i, i % 3 == 0);
    }
  }

  void step() {
    now_ += dice_.roll(400);
    if (dice_.one_in(500)) now_ += dice_.roll(70'000);
    const auto action = dice_.roll(100);
    if (action < 45) return send();
    if (action < 90) return deliver();
    if (action < 95) return advance();
    if (action < 97) return fast_.put_site(site_of(dice_.roll(kSites), dice_));
    if (action < 98) return let_in(dice_.roll(kNodes), false);
    if (action < 98 + 1 && dice_.one_in(3)) return set_service();
    if (action < 98 + 1 && dice_.one_in(4)) return remove();
    if (action < 99) return teach(agents_[dice_.roll(2)]);
    restart(agents_[dice_.roll(kNodes)]);
  }

  void compare() {
    while (fast_.advance_service(now_)) {
    }
    naive_.advance_service(now_);
    const auto view = fast_.view(now_, 0);
    REQUIRE(view->known_nodes == naive_.nodes().size());
    REQUIRE(view->cells.ordered() == naive_.cells(*view));
    followed_.follow(fast_, *view);
    const auto by_liveness = roll_up(*view, {Dimension::kRegion2, Dimension::kLiveness}, now_);
    REQUIRE(difference(by_liveness.total, naive_group(naive_, now_, [](const auto&) { return true; })).empty());
    std::uint64_t in_groups = 0;
    for (const auto& group : by_liveness.groups) {
      in_groups += group.installed_nodes;
      const auto wanted = [&](const NaiveMap::Node& node) {
        const auto& region = view->sites[site_index(*view, node)]->region;
        return region.substr(0, 2) == group.key[0] && kLivenessNames[static_cast<std::size_t>(node.liveness)] == group.key[1];
      };
      CHECK(difference(group, naive_group(naive_, now_, wanted)) == "");
    }
    REQUIRE(in_groups == by_liveness.total.installed_nodes);
    compare_filtered(*view);
  }
  /// A random question and the same one put to the records: what a test of the grammar means is said here once more, by hand.
  void compare_filtered(const MapView& view) {
    using Wanted = std::function<bool(const NaiveMap::Node&)>;
    const auto region_of = [&view](const NaiveMap::Node& node) { return view.sites[site_index(view, node)]->region; };
    const auto test = [&]() -> std::pair<std::string, Wanted> {
      const auto cores = dice_.roll(100);
      const auto liveness = dice_.roll(kLivenessCount);
      switch (dice_.roll(6)) {
        case 0: return {"region prefix \"11\"", [&](const auto& node) { return region_of(node).starts_with("11"); }};
        case 1:
          return {"region_4 in (3101, \"\")", [&](const auto& node) {
                    const auto region = region_of(node);
                    return region.empty() || region.substr(0, 4) == "3101";
                  }};
        case 2:
          return {"cores >= " + std::to_string(cores),
                  [cores](const auto& node) { return node.shape && node.shape->cpu.cores && *node.shape->cpu.cores >= cores; }};
        case 3:
          return {std::string("liveness != ") + kLivenessNames[liveness],
                  [liveness](const auto& node) { return static_cast<std::size_t>(node.liveness) != liveness; }};
        case 4: return {"service_state = in_service", [](const auto& node) { return node.counted_service() == ServiceState::kInService; }};
        default:
          return {"has(accelerator kind = gpu count > 1)", [](const auto& node) {
                    return node.shape && std::ranges::any_of(node.shape->accelerators, [](const auto& device) {
                             return device.kind == AcceleratorKind::kGpu && device.count > 1;
                           });
                  }};
      }
    };
    auto [text, wanted] = test();
    for (auto more = dice_.roll(4); more > 0; --more) {
      auto [other_text, other] = test();
      const bool both = dice_.one_in(2);
      const bool inverted = dice_.one_in(3);
      text = "(" + text + (both ? " and " : " or ") + (inverted ? "not " : "") + other_text + ")";
      const Wanted left = wanted, right = other;
      wanted = [left, right, both, inverted](const NaiveMap::Node& node) {
        const bool holds = right(node) != inverted;
        return both ? left(node) && holds : left(node) || holds;
      };
    }
    INFO("filter " << text);
    auto filter = parse_filter(text);
    REQUIRE(filter);
    RollupQuery query{.by = {static_cast<Dimension>(dice_.roll(kDimensionCount)), Dimension::kServiceState}, .filter = *filter};
    if (query.by[0] == Dimension::kServiceState) query.by.pop_back();
    const auto rollup = roll_up_query(view, query, now_);
    CHECK(difference(rollup.total, naive_group(naive_, now_, wanted)) == "");
    std::uint64_t in_groups = 0;
    for (const auto& group : rollup.groups) in_groups += group.installed_nodes;
    CHECK(in_groups == rollup.total.installed_nodes);
    // One measure alone says what it says among all.
    query.measures = Measures().set(dice_.roll(kMeasureCount));
    const auto one = roll_up_query(view, query, now_);
    CHECK(one.groups.size() == rollup.groups.size());
    if (query.measures.test(static_cast<std::size_t>(Measure::kCpuUse))) {
      CHECK(one.total.cpu_free_millicores.value == rollup.total.cpu_free_millicores.value);
      CHECK(one.total.largest_free_cores == rollup.total.largest_free_cores);
    }
    if (query.measures.test(static_cast<std::size_t>(Measure::kMemory))) {
      CHECK(one.total.memory_bytes.value == rollup.total.memory_bytes.value);
      CHECK(one.total.memory_bytes.unknown == rollup.total.memory_bytes.unknown);
    }
  }
  [[nodiscard]] const MapCounters& counters() const { return fast_.counters(); }
  [[nodiscard]] std::size_t followed() const { return followed_.followed(); }

 private:
  Shape random_shape() { return shapes_[dice_.roll(shapes_.size())]; }

  void let_in(std::size_t number, bool at_start) {
    KnownNode known;
    known.id = agents_[number].node;
    known.site = numbered_id<SiteId>(dice_.roll(kSites));
    if (dice_.one_in(2)) known.pool = numbered_id<PoolId>(dice_.roll(3));
    fast_.add_node(known, at_start, now_);
    naive_.add_node(known, at_start);
  }

  /// An admin drains, mends, retires or takes back, now or for a time.
  void set_service() {
    const auto& node = agents_[dice_.roll(kNodes)].node;
    ServiceOrder order{.state = static_cast<ServiceState>(dice_.roll(dice_.one_in(2) ? 1 : kServiceOrderCount))};
    if (dice_.one_in(3)) order.from_unix_ms = now_ + dice_.roll(40'000);
    if (dice_.one_in(3)) order.until_unix_ms = order.from_unix_ms.value_or(now_) + dice_.roll(40'000);
    CHECK(fast_.set_service(node, order, now_) == naive_.set_service(node, order));
  }

  void remove() {
    const auto& node = agents_[dice_.roll(kNodes)].node;
    CHECK(fast_.remove_node(node, now_) == naive_.remove_node(node));
  }

  void restart(MapAgent& agent) {
    agent.run_id = dice_.roll(1'000'000) + 1;
    agent.seq = 0;
    if (dice_.one_in(3)) agent.shape = random_shape();
    in_flight_.push_back({agent.node, agent.hello()});
  }

  /// Says a shape that nobody has said before.
  void teach(MapAgent& agent) {
    agent.shape = server_shape(++taught_cores_, 64, 1);
    apply({agent.node, agent.hello()});
    apply({agent.node, agent.shape_message()});
  }

  Readings random_readings() {
    Readings readings;
    for (const auto field : kFields) {
      if (dice_.one_in(2)) readings.*field = static_cast<std::uint32_t>(dice_.roll(dice_.one_in(20) ? 5'000'000 : 9'000));
    }
    return readings;
  }

  Usage random_usage() {
    Usage usage;
    usage.readings = random_readings();
    std::string letters;
    for (std::uint64_t i = dice_.roll(dice_.one_in(4) ? 22 : 3); i > 0; --i) letters += "uf?x"[dice_.roll(4)];
    usage.accelerators = devices(letters);
    if (usage.accelerators.size() > 1 && dice_.one_in(20)) usage.accelerators[0].pci_address = usage.accelerators[1].pci_address;
    return usage;
  }

  Hello random_hello(MapAgent& agent) {
    if (dice_.one_in(10)) agent.shape = random_shape();
    auto hello = agent.hello();
    if (dice_.one_in(8)) hello.memory_total_bytes = dice_.roll(3'000) * kGib;
    if (dice_.one_in(8)) hello.memory_total_bytes.reset();
    if (dice_.one_in(8)) hello.pus_allowed = static_cast<std::uint32_t>(dice_.roll(300));
    if (dice_.one_in(8)) hello.pus_allowed.reset();
    return hello;
  }

  void send() {
    auto& agent = agents_[dice_.roll(kNodes)];
    const auto kind = dice_.roll(100);
    AgentMessage message = agent.heartbeat(random_readings());
    if (kind < 12) message = random_hello(agent);
    if (kind >= 12 && kind < 25) message = agent.shape_message();
    if (kind >= 25 && kind < 45) message = agent.usage(random_usage());
    if (kind >= 45 && kind < 48) message = agent.bye();
    in_flight_.push_back({agent.node, std::move(message)});
  }

  void deliver() {
    if (in_flight_.empty()) return;
    // Mostly near the order of sending, sometimes any.
    const auto at = dice_.roll(dice_.one_in(5) ? in_flight_.size() : std::min<std::size_t>(in_flight_.size(), 4));
    const auto next = in_flight_[at];
    if (!dice_.one_in(10)) in_flight_.erase(in_flight_.begin() + static_cast<std::ptrdiff_t>(at));  // else it comes again
    if (!dice_.one_in(20)) apply(next);                                                             // else it is lost
  }

  void apply(const InFlight& next) {
    const auto fast = fast_.apply(next.node, next.message, now_, now_);
    const auto naive = naive_.apply(next.node, next.message, now_);
    REQUIRE(fast.refused == naive.refused);
    REQUIRE(fast.session == naive.session);
    REQUIRE(fast.applied_seq == naive.applied_seq);
    REQUIRE(std::array{fast.need_hello, fast.need_shape, fast.need_usage} ==
            std::array{naive.need_hello, naive.need_shape, naive.need_usage});
  }

  void advance() {
    fast_.advance(now_);
    naive_.advance(now_);
  }

  Dice dice_;
  std::vector<Shape> shapes_;
  std::uint32_t taught_cores_ = 100;  ///< stays below what two packages may have, or its doubt makes the node unproven
  std::uint64_t now_ = kStart;
  CapacityMap fast_{MapOptions{}, nullptr, kStart};
  NaiveMap naive_{kStart};
  FollowedMap followed_;
  std::vector<MapAgent> agents_;
  std::vector<InFlight> in_flight_;
};

}  // namespace

TEST_CASE("map: cells and rollups equal a naive fold of all records after any messages in any order, lost or repeated") {
  const auto seed = run_seed();
  INFO("seed " << seed);
  Play play(seed);
  for (std::size_t step = 0; step < 40'000; ++step) {
    INFO("step " << step);
    play.step();
    if (step % 20 == 0) play.compare();
  }
  play.compare();
  CHECK(play.followed() > 100);
  for (const char* reason : {"unknown_run", "old_session", "old_seq", "unknown_shape", "too_many_shapes", "insane_reading"}) {
    INFO(reason);
    CHECK(play.counters().refused.count(reason) == 1);  // each was met
  }
}

TEST_CASE("map: the newest (session, seq) wins whatever the order of delivery") {
  const auto seed = run_seed();
  INFO("seed " << seed);
  std::mt19937_64 engine(seed);
  for (int round = 0; round < 200; ++round) {
    CapacityMap map({}, nullptr, kStart);
    KnownNode known;
    known.id = numbered_id<NodeId>(1);
    known.site = numbered_id<SiteId>(1);
    map.add_node(known, false, kStart);
    MapAgent first{.node = known.id, .run_id = 11, .shape = server_shape(8, 64, 2)};
    MapAgent second{.node = known.id, .run_id = 22, .shape = server_shape(8, 64, 2)};
    map.apply(known.id, first.hello(), kStart, 0);
    map.apply(known.id, first.shape_message(), kStart, 0);
    map.apply(known.id, second.hello(), kStart, 0);
    std::vector<AgentMessage> messages;
    for (std::uint32_t i = 1; i <= 12; ++i) {
      messages.emplace_back(first.usage(usage_of(busy(i, i), "uu")));
      messages.emplace_back(second.usage(usage_of(busy(100 + i, 200 + i), i % 2 == 0 ? "uf" : "f")));
      if (i == 6) messages.emplace_back(first.hello());
    }
    const auto newest = std::get<UsageMessage>(messages.back()).usage;
    std::shuffle(messages.begin(), messages.end(), engine);
    for (const auto& message : messages) map.apply(known.id, message, kStart + 1, 0);
    const auto row = map.node(known.id);
    REQUIRE(row->usage.readings == newest.readings);
    REQUIRE(row->usage.accelerators == newest.accelerators);
    REQUIRE(row->session == 2);
    REQUIRE(row->seq == second.seq);
  }
}
