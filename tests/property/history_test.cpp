// What history tells of any moment is what the map was then: nodes that come, go, move, fall silent and are drained, cards that break,
// sites that move to another region, views looked at now and then, restarts of the recorder, and a wall clock that steps back.
#include <catch2/catch.hpp>
#include <random>

#include "tests/support/map_world.hpp"
#include "tests/support/past_world.hpp"
#include "tests/support/program.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kUnix = 1'790'000'000'000;  // an hour and a half before a day begins

class Play {
 public:
  explicit Play(std::uint64_t seed) : dice_(seed) {
    for (std::uint64_t site = 0; site < kSites; ++site) put_site(site);
    for (std::uint64_t pool = 0; pool < 3; ++pool) {
      world_.map.put_pool({.id = numbered_id<PoolId>(pool), .site = numbered_id<SiteId>(pool % kSites), .name = "p", .compute_class = {}});
    }
    for (std::uint64_t node = 0; node < kNodes; ++node) {
      auto agent = world_.agent(node, server_shape(8U << node % 3, 64, node % 3 == 2 ? 8 : 0), node % kSites);
      if (roll(3) > 0) world_.introduce(agent, usage(agent));
      agents_.push_back(std::move(agent));
    }
    world_.pass(200'000);  // the grace period is over
    reopen();
  }

  void step() {
    const auto who = roll(kNodes);
    auto& agent = agents_[who];
    switch (roll(12)) {
      case 0: world_.map.remove_node(agent.node, world_.now); break;
      case 1: move(who); break;
      case 2: world_.map.set_service(agent.node, {.state = static_cast<ServiceState>(roll(kServiceOrderCount))}, unix_ms()); break;
      case 3: world_.say(agent, Bye{.envelope = agent.envelope(), .reason = {}}); break;
      case 4: put_site(roll(kSites)); break;
      case 5: agent.shape = server_shape(8U << roll(4), std::uint64_t{64} << roll(3), roll(2) == 0 ? 0 : 4); [[fallthrough]];
      case 6:
      case 7:
        ++agent.run_id;
        agent.seq = 0;
        world_.introduce(agent, usage(agent));
        break;
      case 8: world_.pass(roll(90'000)); break;
      case 9:
        if (roll(20) == 0) world_.pass(roll(3) * 40'000'000);
        break;
      case 10:
        if (roll(15) == 0) step_clock();
        break;
      default:
        if (roll(25) == 0) reopen();
    }
    world_.pass(1 + roll(5'000));
    if (roll(3) > 0) look();
  }

  void look() {
    const auto view = world_.map.view(world_.now, unix_ms());
    history_->look(*view, unix_ms());
    if (unix_ms() <= last_) return;  // it waits until the clock has passed what is recorded
    if (history_begins_ == 0) history_begins_ = unix_ms();
    last_ = unix_ms();
    was_[last_] = kept_cells(*view);
  }

  void check_some() {
    for (int i = 0; i < 12; ++i) {
      const auto at = history_begins_ + dice_() % (last_ - history_begins_ + 1);
      const auto past = history_->at(at, last_ + 1, "");
      REQUIRE(past.ok());
      const auto expected = --was_.upper_bound(at);
      CAPTURE(at, expected->first);
      REQUIRE(kept_cells(*past->view) == expected->second);
      CHECK(past->place.as_of_unix_ms <= at);
      CHECK(past->place.as_of_unix_ms >= expected->first);
    }
    CHECK(history_->at(history_begins_ - 1, last_, "").error().code == ErrorCode::kAbsent);
    CHECK(history_->at(last_ + 1, last_, "").error().code == ErrorCode::kMalformed);
  }
  [[nodiscard]] std::size_t moments() const { return was_.size(); }
  [[nodiscard]] int reopened() const { return reopened_; }
  History& history() { return *history_; }
  [[nodiscard]] std::uint64_t last() const { return last_; }

 private:
  static constexpr std::uint64_t kSites = 4, kNodes = 24;
  std::uint64_t roll(std::uint64_t sides) { return dice_() % sides; }
  [[nodiscard]] std::uint64_t unix_ms() const { return kUnix + world_.now - stepped_back_; }
  void put_site(std::uint64_t number) {
    Site site;
    site.id = numbered_id<SiteId>(number);
    site.name = "site " + std::to_string(number);
    site.region = roll(2) == 0 ? "1101" : "31";
    world_.map.put_site(site);
  }
  Usage usage(const MapAgent& agent) {
    Usage usage;
    for (const auto& row : agent.shape.accelerators) {
      for (std::uint32_t i = 0; i < row.count; ++i) {
        usage.accelerators.push_back(
            {.pci_address = std::to_string(i), .used = false, .memory_used_mib = {}, .busy_permille = {}, .healthy = roll(4) > 0});
      }
    }
    return usage;
  }
  void move(std::uint64_t who) {
    KnownNode node;
    node.id = agents_[who].node;
    const auto site = roll(kSites);
    node.site = numbered_id<SiteId>(site);
    if (site < 3 && roll(2) == 0) node.pool = numbered_id<PoolId>(site);
    world_.map.add_node(node, false, world_.now);
  }
  void step_clock() { stepped_back_ += roll(30'000); }
  /// The recorder ends, in the middle of a minute or not, and another one begins on the same folder.
  void reopen() {
    if (history_) REQUIRE(history_->write(last_).ok());
    history_.reset();
    history_ = std::move(*History::open(history_options(folder_.path())));
    ++reopened_;
  }

  support::TemporaryFolder folder_;
  World world_;
  std::mt19937_64 dice_;
  std::vector<MapAgent> agents_;
  std::unique_ptr<History> history_;
  std::map<std::uint64_t, KeptCells> was_;  ///< by unix ms
  std::uint64_t stepped_back_ = 0, last_ = 0, history_begins_ = 0;
  int reopened_ = -1;
};

}  // namespace

TEST_CASE("history tells of any moment what the map was", "[history]") {
  const auto seed = run_seed();
  int reopened = 0;
  for (std::uint64_t round = 0; round < 6; ++round) {
    Play play(seed + round);
    play.look();
    for (int i = 0; i < 600; ++i) {
      play.step();
      if (i % 100 == 99) play.check_some();
    }
    CHECK(play.moments() > 100);
    reopened += play.reopened();
    const auto events = play.history().events({.from_unix_ms = 0, .until_unix_ms = play.last() + 1, .limit = 100'000});
    REQUIRE(events.ok());
    CHECK(events->events.size() > 50);
    CHECK(std::ranges::is_sorted(events->events, {}, &PastEvent::at_unix_ms));
  }
  CHECK(reopened > 0);
}
