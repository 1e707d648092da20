// A virtual machine inside a reporting host counts once.
#include <catch2/catch.hpp>

#include "controller/map/rollup.hpp"
#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kGrace = GuestTable::kGraceMs;

/// Nodes that say hello with fingerprints.
struct GuestWorld : World {
  /// A guest's hello; "none" makes it a bare machine.
  void hello_as(MapAgent& agent, const std::string& virtualization, std::vector<Fingerprint> own,
                std::optional<std::vector<Fingerprint>> guests = {}) {
    auto hello = agent.hello();
    hello.virtualization = virtualization;
    hello.fingerprints = std::move(own);
    hello.guest_fingerprints = std::move(guests);
    say(agent, hello);
    say(agent, agent.shape_message());
    say(agent, agent.usage(usage_of(busy(100, 100))));
  }
  void host(MapAgent& agent, std::vector<Fingerprint> guests) { hello_as(agent, "none", {}, std::move(guests)); }
  void guest(MapAgent& agent, Fingerprint own) { hello_as(agent, "kvm", {own}); }
  /// A whole run of the agent more.
  static void restart(MapAgent& agent) {
    agent.run_id += 1'000'000;
    agent.seq = 0;
  }

  std::uint64_t installed() { return roll_up(*map.view(now, now), {}, now).total.installed_nodes; }
  std::uint64_t cores() { return roll_up(*map.view(now, now), {}, now).total.cores; }
  std::optional<NodeId> counted_in(const MapAgent& agent) { return row(agent).counted_in; }
};

const Shape kHostShape = server_shape(64, 512, 0), kGuestShape = server_shape(4, 16, 0);

}  // namespace

TEST_CASE("map guests: a guest that its host names is in no total, and both sides are shown", "[guests]") {
  GuestWorld world;
  auto host = world.agent(1, kHostShape), guest = world.agent(2, kGuestShape);
  const bool host_first = GENERATE(true, false);
  if (host_first) world.host(host, {7, 9});
  world.guest(guest, 9);
  if (!host_first) {
    CHECK(world.cores() == 4);
    world.host(host, {7, 9});
  }
  CHECK(world.installed() == 1);
  CHECK(world.cores() == 64);
  CHECK(world.counted_in(guest) == host.node);
  CHECK(world.row(host).guests == std::vector{guest.node});
  CHECK(world.row(guest).counted_service == ServiceState::kCountedElsewhere);
  CHECK(world.row(guest).verdict == Verdict::kConsistent);  // no accusation
  CHECK(world.row(guest).service == ServiceState::kInService);
  const auto view = world.map.view(world.now, world.now);
  REQUIRE(view->guests);
  REQUIRE(view->guests->size() == 1);
  CHECK((*view->guests)[0].guest == guest.node);
  CHECK((*view->guests)[0].host == host.node);
  const auto by_state = roll_up(*view, {Dimension::kServiceState}, world.now);
  CHECK(by_state.total.installed_nodes == 1);
}

TEST_CASE("map guests: only who says it is a virtual machine can be claimed, and only at the claimer's site") {
  GuestWorld world;
  auto liar = world.agent(1, kHostShape), bare = world.agent(2, kHostShape), far = world.agent(3, kGuestShape, 2),
       unknown = world.agent(4, kGuestShape);
  world.hello_as(bare, "none", {5});
  world.hello_as(unknown, "", {5});
  world.guest(far, 5);
  world.host(liar, {5});
  CHECK(world.installed() == 4);
  CHECK_FALSE(world.counted_in(bare));
  CHECK_FALSE(world.counted_in(far));
  CHECK_FALSE(world.counted_in(unknown));
}

TEST_CASE("map guests: a lost host is still installed, so its guest stays in it; a removed, retired or moved one lets it go") {
  GuestWorld world;
  auto host = world.agent(1, kHostShape), guest = world.agent(2, kGuestShape);
  world.host(host, {9});
  world.guest(guest, 9);
  world.say(host, host.bye());
  world.pass(100'000'000);
  world.say(guest, guest.heartbeat());
  CHECK(world.row(host).liveness == Liveness::kLost);
  CHECK(world.installed() == 1);
  CHECK(world.counted_in(guest) == host.node);

  SECTION("retired, and in service again") {
    world.map.set_service(host.node, {.state = ServiceState::kRetired}, world.now);
    CHECK(world.installed() == 1);  // the guest now
    CHECK(world.cores() == 4);
    CHECK_FALSE(world.counted_in(guest));
    world.map.set_service(host.node, {}, world.now);
    CHECK(world.cores() == 64);
    CHECK(world.counted_in(guest) == host.node);
  }
  SECTION("quarantined by an admin") {
    world.map.set_service(host.node, {.state = ServiceState::kQuarantined}, world.now);
    CHECK(world.cores() == 4);
  }
  SECTION("removed, and its row given to another") {
    world.map.remove_node(host.node, world.now);
    CHECK(world.cores() == 4);
    auto next = world.agent(5, kHostShape);
    world.host(next, {});
    CHECK(world.cores() == 68);
    CHECK(world.row(next).guests.empty());
  }
  SECTION("moved to another site") {
    KnownNode moved;
    moved.id = host.node;
    moved.site = numbered_id<SiteId>(2);
    world.map.add_node(moved, false, world.now);
    CHECK(world.cores() == 68);
    moved.site = numbered_id<SiteId>(1);
    world.map.add_node(moved, false, world.now);
    CHECK(world.cores() == 64);
  }
  SECTION("the guest is removed, and lets in anew") {
    world.map.remove_node(guest.node, world.now);
    CHECK(world.row(host).guests.empty());
    auto again = world.agent(2, kGuestShape);
    GuestWorld::restart(again);
    world.guest(again, 9);
    CHECK(world.installed() == 1);
  }
}

TEST_CASE("map guests: a machine that was shut down does not come back as capacity, one that left for elsewhere does") {
  GuestWorld world;
  auto host = world.agent(1, kHostShape), guest = world.agent(2, kGuestShape);
  world.host(host, {9});
  world.guest(guest, 9);

  SECTION("shut down: its host names it no more, and it is silent") {
    world.say(guest, guest.bye());
    world.pass(60'000);
    world.host(host, {});
    world.pass(10 * kGrace);
    CHECK(world.row(guest).liveness == Liveness::kLost);
    CHECK(world.installed() == 1);
    CHECK(world.counted_in(guest) == host.node);
    // Started again, its host sees it within some minutes: until then it is where it was.
    GuestWorld::restart(guest);
    world.guest(guest, 9);
    world.pass(kGrace / 2);
    world.say(guest, guest.heartbeat());
    CHECK(world.installed() == 1);
    world.host(host, {9});
    world.pass(2 * kGrace);
    world.say(guest, guest.heartbeat());
    CHECK(world.installed() == 1);
  }
  SECTION("gone to a host that reports nothing: it is heard, and nobody names it") {
    world.host(host, {});
    CHECK(world.installed() == 1);
    world.pass(kGrace - 1'000);
    world.say(guest, guest.heartbeat());
    CHECK(world.installed() == 1);
    world.pass(1'000);
    world.say(guest, guest.heartbeat());
    CHECK(world.installed() == 2);
    CHECK(world.cores() == 68);
    CHECK_FALSE(world.counted_in(guest));
  }
  SECTION("it says that it is a bare machine now") {
    world.hello_as(guest, "none", {9});
    CHECK(world.installed() == 2);
  }
  SECTION("an agent that does not know yet leaves all as it is") {
    GuestWorld::restart(guest);
    world.hello_as(guest, "", {});
    GuestWorld::restart(host);
    world.hello_as(host, "none", {}, std::nullopt);
    CHECK(world.installed() == 1);
    CHECK(world.counted_in(guest) == host.node);
  }
}

TEST_CASE("map guests: of two hosts that name one guest the newest word holds, and an old one that is repeated is not new") {
  GuestWorld world;
  auto first = world.agent(1, kHostShape), second = world.agent(2, kHostShape), guest = world.agent(3, kGuestShape);
  world.guest(guest, 9);
  world.host(first, {9});
  world.pass(1'000);
  world.host(second, {9});
  CHECK(world.counted_in(guest) == second.node);
  world.pass(1'000);
  world.host(first, {8, 9});
  CHECK(world.counted_in(guest) == second.node);
  world.pass(1'000);
  world.host(first, {8});
  world.pass(1'000);
  world.host(first, {8, 9});  // and back
  CHECK(world.counted_in(guest) == first.node);
  world.map.remove_node(first.node, world.now);
  CHECK(world.counted_in(guest) == second.node);
  CHECK(world.installed() == 1);
}

TEST_CASE("map guests: machines inside machines count in the outermost, and rings of claims leave all counted") {
  GuestWorld world;
  auto host = world.agent(1, kHostShape), middle = world.agent(2, kGuestShape), inner = world.agent(3, kGuestShape);
  SECTION("a chain") {
    world.guest(inner, 30);
    world.hello_as(middle, "kvm", {20}, std::vector<Fingerprint>{30});
    CHECK(world.installed() == 1);
    world.host(host, {20});
    CHECK(world.cores() == 64);
    CHECK(world.counted_in(inner) == middle.node);
    world.map.remove_node(middle.node, world.now);
    CHECK(world.cores() == 68);
  }
  SECTION("a ring of two, and who hangs on it; then the ring is broken") {
    world.hello_as(middle, "kvm", {20}, std::vector<Fingerprint>{10});
    world.hello_as(host, "kvm", {10}, std::vector<Fingerprint>{20});
    world.guest(inner, 10);  // named by the middle one
    CHECK(world.installed() == 3);
    world.hello_as(host, "none", {}, std::vector<Fingerprint>{20});
    CHECK(world.installed() == 1);
    CHECK(world.counted_in(middle) == host.node);
    CHECK(world.counted_in(inner) == middle.node);
  }
  SECTION("who names itself is nobody's guest") {
    world.hello_as(middle, "kvm", {20}, std::vector<Fingerprint>{20});
    CHECK(world.installed() == 1);
    CHECK_FALSE(world.counted_in(middle));
  }
}

TEST_CASE("map guests: a host that is not believed holds nobody, and a guest that is not believed is shown as that") {
  GuestWorld world;
  auto absurd = kHostShape;
  absurd.memory_bytes = std::uint64_t{1} << 63;
  auto host = world.agent(1, absurd), guest = world.agent(2, kGuestShape);
  world.host(host, {9});
  world.guest(guest, 9);
  CHECK(world.cores() == 4);
  CHECK_FALSE(world.counted_in(guest));
  host.shape = kHostShape;
  world.host(host, {9});
  CHECK(world.cores() == 64);
  guest.shape = absurd;
  world.guest(guest, 9);
  CHECK(world.row(guest).counted_service == ServiceState::kQuarantined);
  CHECK(world.installed() == 1);
  world.map.set_service(guest.node, {.state = ServiceState::kMaintenance}, world.now);
  guest.shape = kGuestShape;
  world.guest(guest, 9);
  CHECK(world.row(guest).counted_service == ServiceState::kCountedElsewhere);
  CHECK(world.row(guest).service == ServiceState::kMaintenance);
}

TEST_CASE("map guests: the feed of changes tells who is counted elsewhere, and a view is due when guests moved") {
  GuestWorld world;
  auto host = world.agent(1, kHostShape), guest = world.agent(2, kGuestShape);
  world.guest(guest, 9);
  const auto before = world.map.revision();
  world.host(host, {9});
  CHECK(world.map.view(world.now, world.now)->guests->size() == 1);
  CHECK(world.map.revision() > before);
  world.map.remove_node(host.node, world.now);
  const auto at = world.map.revision();
  world.pass(1'000);
  CHECK(world.map.revision() > at);
  CHECK(world.map.view(world.now, world.now)->guests->empty());
}

TEST_CASE("map guests: a liar that names everybody's guests has them until it is quarantined, then they are with their hosts again") {
  GuestWorld world;
  auto host = world.agent(1, kHostShape), liar = world.agent(2, kHostShape);
  std::vector<MapAgent> guests;
  std::vector<Fingerprint> names;
  for (std::uint64_t i = 0; i < 40; ++i) {
    guests.push_back(world.agent(100 + i, kGuestShape));
    names.push_back(1'000 + i);
    world.guest(guests.back(), names.back());
  }
  const std::vector<Fingerprint> own(names.begin(), names.begin() + 10);
  world.host(host, own);
  CHECK(world.installed() == 31);
  world.pass(1'000);
  world.host(liar, names);
  CHECK(world.installed() == 2);
  CHECK(world.row(liar).guests.size() == 40);  // it is plain who does it
  world.map.set_service(liar.node, {.state = ServiceState::kQuarantined}, world.now);
  CHECK(world.installed() == 31);
  CHECK(world.row(host).guests.size() == 10);
  CHECK(world.row(liar).guests.empty());
}

TEST_CASE("map guests: what many machines have in common is no proof for more of them than are kept, and they are counted as refused") {
  GuestWorld world;
  auto host = world.agent(1, kHostShape);
  world.host(host, {7});
  std::vector<MapAgent> guests;
  for (std::uint64_t i = 0; i < GuestTable::kMostAlike + 3; ++i) {
    guests.push_back(world.agent(100 + i, kGuestShape));
    world.guest(guests.back(), 7);
  }
  CHECK(world.installed() == 4);
  world.pass(1'000);
  CHECK(world.map.counters().refused.at("guests_over_limit") == 3);
  world.map.remove_node(guests[0].node, world.now);
  GuestWorld::restart(guests.back());
  world.guest(guests.back(), 7);
  CHECK(world.installed() == 3);  // there was room for one
}
