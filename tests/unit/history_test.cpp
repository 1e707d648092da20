#include "controller/history/history.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/support/map_world.hpp"
#include "tests/support/past_world.hpp"
#include "tests/support/program.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kNoon = 1'790'000'000'000 / 86'400'000 * 86'400'000 + 43'200'000, kDay = 86'400'000;

/// A map that is complete, to which nodes are added one by one.
struct Growing {
  World world;
  std::uint64_t nodes = 0;
  Growing() { world.pass(100'000); }
  void add(std::uint64_t count) {
    for (; count > 0; --count) {
      auto agent = world.agent(nodes++, server_shape(8, 64, 0));
      world.introduce(agent, {});
    }
  }
  void look(History& history, std::uint64_t unix_ms) { history.look(*world.map.view(world.now, unix_ms), unix_ms); }
};

std::unique_ptr<History> opened(const std::string& folder, std::uint32_t keep_days = 0) {
  auto options = history_options(folder);
  options.keep_days = keep_days;
  auto history = History::open(std::move(options));
  REQUIRE(history.ok());
  return std::move(*history);
}

std::uint32_t nodes_at(History& history, std::uint64_t unix_ms) {
  const auto past = history.at(unix_ms, UINT64_MAX, "");
  REQUIRE(past.ok());
  return past->view->known_nodes;
}

}  // namespace

TEST_CASE("history waits in memory while its disk is full, and nothing is lost", "[history]") {
  const support::TemporaryFolder folder;
  auto history = opened(folder.path());
  Growing growing;
  growing.add(5);
  growing.look(*history, kNoon);
  REQUIRE(history->counters().problem.empty());
  const auto pages = history->database().number("pragma page_count");
  REQUIRE(history->database().run(("pragma max_page_count = " + std::to_string(*pages)).c_str()).ok());
  std::uint64_t now = kNoon;
  for (int i = 0; i < 200; ++i) {
    growing.add(1);
    growing.look(*history, now += 10'000);
  }
  CHECK(history->counters().problem.find("free space on its disk") != std::string::npos);
  CHECK(history->counters().write_failures > 3);
  CHECK(nodes_at(*history, now) < 205);  // told as of what is on the disk
  CHECK(history->at(now, now, "")->place.as_of_unix_ms < now);
  REQUIRE(history->database().run("pragma max_page_count = 1000000").ok());
  growing.look(*history, now += 61'000);
  CHECK(history->counters().problem.empty());
  for (std::uint64_t i = 0; i <= 200; i += 25) CHECK(nodes_at(*history, kNoon + i * 10'000) == 5 + i);
  const auto spans = history->spans();
  REQUIRE(spans.ok());
  CHECK(spans->spans.size() == 1);
}

TEST_CASE("a damaged history is put aside and begins anew; one of a newer capmap is left alone", "[history]") {
  const support::TemporaryFolder folder;
  Growing growing;
  growing.add(3);
  {
    auto history = opened(folder.path());
    growing.look(*history, kNoon);
  }
  const auto path = folder.path() + "/history.db";
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  std::ofstream(path, std::ios::binary) << "no database at all, but text of some length that SQLite does not take for one of its own files";
  {
    auto history = opened(folder.path());
    CHECK(std::filesystem::exists(path + ".damaged-1"));
    CHECK(history->at(kNoon, kNoon + 1, "").error().code == ErrorCode::kAbsent);
    growing.look(*history, kNoon + 1);
    CHECK(nodes_at(*history, kNoon + 1) == 3);
    REQUIRE(history->database().run("pragma user_version = 99").ok());
  }
  const auto newer = History::open(history_options(folder.path()));
  REQUIRE_FALSE(newer.ok());
  CHECK(newer.error().what.find("newer capmap") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(path + ".damaged-2"));
}

TEST_CASE("a day begins with a base, and days beyond those that are kept are forgotten", "[history]") {
  const support::TemporaryFolder folder;
  auto history = opened(folder.path(), 3);
  Growing growing;
  for (std::uint64_t half = 0; half <= 14; ++half) {
    growing.add(1);
    growing.look(*history, kNoon + half * kDay / 2);
  }
  REQUIRE(history->write(kNoon + 7 * kDay).ok());
  const auto bases = history->database().number("select count(*) from bases");
  REQUIRE(bases.ok());
  CHECK(*bases <= 5);
  CHECK(*bases >= 4);
  CHECK(nodes_at(*history, kNoon + 7 * kDay) == 15);
  CHECK(nodes_at(*history, kNoon + 5 * kDay) == 11);
  CHECK_FALSE(history->at(kNoon, kNoon + 8 * kDay, "").ok());
}

TEST_CASE("a controller that has not heard its nodes yet records nothing", "[history]") {
  const support::TemporaryFolder folder;
  auto history = opened(folder.path());
  CapacityMap map(MapOptions{.epoch = 1, .regions = support::catalog_regions()}, catalog_chips(), kStart);
  KnownNode node;
  node.id = numbered_id<NodeId>(1);
  node.site = numbered_id<SiteId>(1);
  map.add_node(node, true, kStart);
  history->look(*map.view(kStart, kNoon), kNoon);
  CHECK(history->at(kNoon, kNoon, "").error().code == ErrorCode::kAbsent);
  map.advance(kStart + 200'000);
  history->look(*map.view(kStart + 200'000, kNoon + 200'000), kNoon + 200'000);
  CHECK(history->at(kNoon + 200'000, kNoon + 200'000, "").ok());
}

TEST_CASE("chip tables are kept by version, and where they differ by what is in them", "[history]") {
  const support::TemporaryFolder state, catalog;
  const auto write = [&catalog](const std::string& file, const std::string& text) { std::ofstream(catalog.path() + "/" + file) << text; };
  for (const auto& entry : std::filesystem::directory_iterator(catalog_folder())) {
    if (entry.is_regular_file()) std::filesystem::copy(entry.path(), catalog.path());
  }
  ChipVersions versions(state.path());
  write("VERSION", "41\n");
  CHECK(*versions.keep(catalog.path()) == "41");
  CHECK(*versions.keep(catalog.path()) == "41");
  write("pci_names.csv", "");
  const auto other = versions.keep(catalog.path());
  REQUIRE(other.ok());
  CHECK(other->starts_with("41-"));
  CHECK(other->size() == 11);
  CHECK(*versions.keep(catalog.path()) == *other);
  write("VERSION", "../../etc\n");
  CHECK(*versions.keep(catalog.path()) == "etc");
  CHECK(versions.names() == std::vector<std::string>{"41", *other, "etc"});
  CHECK((*versions.load("41"))->version() == "41");
  CHECK(*versions.load("41") == *versions.load("41"));
  CHECK(versions.load("40").error().what.find("there are: 41, ") != std::string::npos);
  CHECK_FALSE(versions.load("../../etc").ok());
  CHECK(versions.keep(catalog.path() + "/none").error().code != ErrorCode::kMalformed);
}

TEST_CASE("history: nodes that begin to say they are one machine are an event each, once, that tells where they stand", "[history]") {
  const support::TemporaryFolder folder;
  auto history = opened(folder.path());
  Growing growing;
  growing.add(3);
  growing.look(*history, kNoon);
  for (std::uint64_t number : {0U, 1U}) {
    MapAgent agent{.node = numbered_id<NodeId>(number), .run_id = 2'000 + number, .shape = server_shape(8, 64, 0)};
    auto hello = agent.hello();
    hello.machine = {.uuid = 42};
    growing.world.map.apply(agent.node, hello, growing.world.now, kNoon + 1'000);
  }
  for (int i = 0; i < 3; ++i) {
    growing.world.pass(1'000);
    growing.look(*history, kNoon + 2'000 + 1'000 * static_cast<std::uint64_t>(i));
  }
  REQUIRE(history->write(kNoon + 10'000).ok());
  const auto past = history->events({.until_unix_ms = UINT64_MAX, .limit = 100});
  REQUIRE(past.ok());
  std::set<NodeId> doubles;
  for (const auto& event : past->events) {
    if (event.kind != PastEventKind::kDouble) continue;
    CHECK(event.at_unix_ms == kNoon + 1'000);
    CHECK_FALSE(event.from);
    REQUIRE(event.to);
    CHECK(event.to->site != 0);
    CHECK(doubles.insert(event.node).second);
  }
  CHECK(doubles == std::set{numbered_id<NodeId>(0), numbered_id<NodeId>(1)});
}
