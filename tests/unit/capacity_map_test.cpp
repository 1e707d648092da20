#include "controller/map/capacity_map.hpp"

#include <catch2/catch.hpp>

#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

TEST_CASE("capacity map: a node let in is in no cell until it says hello, and then until its shape comes on hardware row 0") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  CHECK(world.cells().empty());
  CHECK(world.map.view(world.now, 0)->known_nodes == 1);
  CHECK(world.row(agent).hostname == "joined-as");
  CHECK(texts_of(world.row(agent).findings) == std::vector<std::string>{"has not said hello yet"});

  const auto answer = world.say(agent, agent.hello());
  CHECK(answer.refused.empty());
  CHECK(answer.session == 1);
  CHECK(answer.applied_seq == 1);
  CHECK(answer.need_shape);
  CHECK(answer.need_usage);
  REQUIRE(world.cells().size() == 1);
  CHECK(world.cells()[0].key.hardware == kNoHardware);
  CHECK(world.cells()[0].key.verdict == Verdict::kUnproven);

  const auto taught = world.say(agent, agent.shape_message());
  CHECK(taught.refused.empty());
  CHECK_FALSE(taught.need_shape);
  CHECK(taught.need_usage);
  CHECK(world.cells()[0].key.hardware == 1);
  world.say(agent, agent.usage(usage_of(busy(500, 1'024))));
  REQUIRE(world.cells().size() == 1);
  CHECK(world.cells()[0].key.verdict == Verdict::kConsistent);
  CHECK(world.map.counters().shapes == 1);
}

TEST_CASE("capacity map: one of many equal servers teaches the shape, the others are bound when they speak next") {
  World world;
  auto first = world.agent(1, server_shape(8, 64, 0));
  auto second = world.agent(2, server_shape(8, 64, 0));
  CHECK(world.say(first, first.hello()).need_shape);
  CHECK(world.say(second, second.hello()).need_shape);
  world.say(first, first.shape_message());
  CHECK_FALSE(world.say(second, second.heartbeat()).need_shape);
  CHECK(world.row(second).hardware == 1);
  auto third = world.agent(3, server_shape(8, 64, 0));
  CHECK_FALSE(world.say(third, third.hello()).need_shape);
  REQUIRE(world.cells().size() == 1);
  CHECK(world.cells()[0].nodes == 3);
}

TEST_CASE("capacity map: free is taken from each node before it is summed, and unknown use leaves free unknown") {
  World world;
  auto idle = world.agent(1, server_shape(8, 64, 4));
  auto loaded = world.agent(2, server_shape(8, 64, 4));
  auto silent = world.agent(3, server_shape(8, 64, 4));
  world.introduce(idle, usage_of(busy(1'000, 4'096), "fu?x"));
  world.introduce(loaded, usage_of(busy(16'500, 65'536), "uuuu"));
  world.introduce(silent, {});
  REQUIRE(world.cells().size() == 1);
  const auto cell = world.cells()[0];
  CHECK(cell.nodes == 3);
  CHECK(cell.cpu_busy_millicores == ReadingSum{17'500, 2});
  CHECK(cell.cpu_free_millicores == ReadingSum{15'000, 2});  // 16,000 - 1,000 and max(0, 16,000 - 16,500)
  CHECK(cell.memory_free_mib == ReadingSum{61'440, 2});
  CHECK(cell.accelerators_used == 5);
  CHECK(cell.accelerators_free == 1);
  CHECK(cell.accelerators_unhealthy == 1);
  CHECK(cell.accelerators_use_unknown == 5);
  CHECK(cell.free_accelerators_histogram[1] == 1);
  CHECK(cell.free_accelerators_histogram[0] == 1);  // the silent node is in no bucket
  CHECK(cell.free_cores_histogram[4] == 1);         // 15 whole cores: 8 <= 15 < 16
  CHECK(cell.free_cores_histogram[0] == 1);
  CHECK(cell.free_memory_gib_histogram[6] == 1);  // 60 GiB
}

TEST_CASE("capacity map: a heartbeat changes what it carries, usage replaces everything") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  world.introduce(agent, usage_of(busy(1'000, 100)));
  Readings moved;
  moved.cpu_busy_millicores = 2'000;
  world.say(agent, agent.heartbeat(moved));
  CHECK(world.row(agent).usage.readings == busy(2'000, 100));
  Usage usage;
  usage.readings.storage_used_mb = 5;
  world.say(agent, agent.usage(usage));
  CHECK(world.row(agent).usage.readings == usage.readings);
}

TEST_CASE("capacity map: a message that is not the newest is refused and changes nothing") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  world.introduce(agent, usage_of(busy(1'000, 100)));
  const auto older = agent.heartbeat(busy(3'000, 300));
  world.say(agent, agent.heartbeat(busy(2'000, 200)));
  const auto revision = world.map.revision();
  const auto answer = world.say(agent, older);
  CHECK(answer.refused == "old_seq");
  CHECK(answer.applied_seq == agent.seq);
  CHECK(answer.session == 1);
  CHECK(world.map.revision() == revision);
  CHECK(world.row(agent).usage.readings == busy(2'000, 200));
  CHECK(world.map.counters().refused.at("old_seq") == 1);
}

TEST_CASE("capacity map: each run has its session, the same run keeps it, and an older run is refused after a newer hello") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  world.introduce(agent, usage_of(busy(1'000, 100)));
  CHECK(world.say(agent, agent.hello()).session == 1);
  auto restarted = agent;
  restarted.run_id = 99;
  restarted.seq = 0;
  const auto hello = world.say(restarted, restarted.hello());
  CHECK(hello.session == 2);
  CHECK(hello.applied_seq == 1);
  CHECK(hello.need_usage);
  CHECK(world.row(agent).usage.readings == Readings{});  // what the old run said is not the new one's
  CHECK(world.say(agent, agent.heartbeat(busy(1, 1))).refused == "old_session");
  CHECK(world.say(agent, agent.hello()).refused == "old_session");
  CHECK(world.row(agent).session == 2);
}

TEST_CASE("capacity map: a machine rolled back to an older run comes in again once the newer run is silent beyond its time to live") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  world.introduce(agent, usage_of(busy(1'000, 100)));
  auto newer = agent;
  newer.run_id = 99;
  world.say(newer, newer.hello());
  world.pass(60'001);
  const auto refused = world.say(agent, agent.heartbeat());
  CHECK(refused.refused == "old_session");
  CHECK(refused.need_hello);
  const auto back = world.say(agent, agent.hello());
  CHECK(back.refused.empty());
  CHECK(back.session == 3);
  CHECK(world.row(agent).liveness == Liveness::kFresh);
}

TEST_CASE("capacity map: who is not known by hello is asked for it, who is not let in is refused") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  const auto answer = world.say(agent, agent.heartbeat());
  CHECK(answer.refused == "unknown_run");
  CHECK(answer.need_hello);
  CHECK(answer.session == 0);
  MapAgent stranger{.node = numbered_id<NodeId>(77), .shape = {}};
  CHECK(world.say(stranger, stranger.hello()).refused == "unknown_node");
}

TEST_CASE("capacity map: readings that speak of another shape are refused and hello is asked for") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  world.introduce(agent, usage_of(busy(1'000, 100)));
  agent.shape = server_shape(16, 64, 0);
  const auto answer = world.say(agent, agent.heartbeat(busy(5, 5)));
  CHECK(answer.refused == "unknown_shape");
  CHECK(answer.need_hello);
  CHECK(world.row(agent).usage.readings == busy(1'000, 100));
  CHECK(world.say(agent, agent.hello()).need_shape);
  CHECK(world.row(agent).usage.readings == Readings{});
  CHECK(world.row(agent).hardware == kNoHardware);
}

TEST_CASE("capacity map: a shape that hello did not name, or that does not decode, is refused and not asked for at once") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  world.say(agent, agent.hello());
  auto other = agent.shape_message();
  other.shape = pack_shape(server_shape(16, 64, 0));
  CHECK(world.say(agent, other).refused == "unknown_shape");
  auto broken = agent.shape_message();
  broken.shape.body.resize(3);
  const auto answer = world.say(agent, broken);
  CHECK(answer.refused == "bad_shape");
  CHECK_FALSE(answer.need_shape);
  CHECK(world.say(agent, agent.heartbeat()).need_shape);
  CHECK(world.map.counters().shapes == 0);
}

TEST_CASE("capacity map: a node may teach four shapes an hour, and known shapes do not count") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  const auto try_shape = [&](std::uint32_t cores) {
    agent.shape = server_shape(cores, 64, 0);
    world.say(agent, agent.hello());
    return world.say(agent, agent.shape_message()).refused;
  };
  for (const std::uint32_t cores : {1U, 2U, 3U, 4U, 1U}) CHECK(try_shape(cores).empty());
  CHECK(try_shape(5) == "too_many_shapes");
  CHECK_FALSE(world.say(agent, agent.heartbeat()).need_shape);
  world.now += 3'600'000;
  CHECK(world.say(agent, agent.heartbeat()).need_shape);
  CHECK(try_shape(5).empty());
  CHECK(world.map.counters().shapes == 5);
}

TEST_CASE("capacity map: a shape no node has used for a day is forgotten") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  world.introduce(agent, {});
  agent.shape = server_shape(16, 64, 0);
  world.introduce(agent, {});
  CHECK(world.map.counters().shapes == 2);
  world.pass(24ULL * 3'600'000 - 1);
  CHECK(world.map.counters().shapes == 2);
  world.pass(1);
  CHECK(world.map.counters().shapes == 1);
  CHECK(world.map.counters().hardware_rows == 1);
  world.pass(24ULL * 3'600'000);
  CHECK(world.map.counters().shapes == 1);  // still in use, by a node that is lost
}

TEST_CASE("capacity map: a put site changes attributes in place, a node added again moves") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0), 1);
  world.introduce(agent, {});
  Site site;
  site.id = numbered_id<SiteId>(1);
  site.name = "park";
  site.region = "110101";
  world.map.put_site(site);
  CHECK(*world.map.view(world.now, 0)->sites.at(1) == site);
  KnownNode moved;
  moved.id = agent.node;
  moved.site = numbered_id<SiteId>(2);
  world.map.add_node(moved, false, world.now);
  REQUIRE(world.cells().size() == 1);
  CHECK(world.cells()[0].key.site == 2);
  CHECK(world.row(agent).liveness == Liveness::kFresh);
}

TEST_CASE("capacity map: accelerators whose addresses did not travel get those of hello, and are unknown when hello has others") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 2));
  auto hello = agent.hello();
  hello.accelerator_addresses = {"0000:41:00.0", "0000:17:00.0"};
  world.say(agent, hello);
  world.say(agent, agent.shape_message());
  auto usage = agent.usage(usage_of(busy(1, 2), "uf"));
  usage.addresses_as_in_hello = true;
  for (auto& use : usage.usage.accelerators) use.pci_address.clear();
  CHECK(world.say(agent, usage).refused.empty());
  const auto known = world.row(agent).usage.accelerators;
  REQUIRE(known.size() == 2);
  CHECK(known[0].pci_address == "0000:17:00.0");
  CHECK(known[0].used == true);
  CHECK(known[1].pci_address == "0000:41:00.0");
  CHECK(known[1].used == false);
  ++agent.seq;
  usage.envelope.seq = agent.seq;
  usage.usage.accelerators.pop_back();
  world.say(agent, usage);
  CHECK(world.row(agent).usage.accelerators.empty());
  CHECK(world.cells()[0].accelerators_use_unknown == 2);
}

TEST_CASE("capacity map: a node's steal, load and traffic of each device are shown as it said them") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0, 2));
  auto usage = usage_of(busy(1, 2), "");
  usage.cpu_steal_millicores = 250;
  usage.load_centi = 1'234;
  usage.disk_traffic = {{.in = 1, .out = 2}, {}};
  usage.nic_traffic = {{.in = 3, .out = 4}};
  world.introduce(agent, usage);
  CHECK(world.row(agent).usage == usage);
}

TEST_CASE("capacity map: a node is asked for a benchmark in its acks until it has answered or the time is over") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  world.introduce(agent, usage_of(busy(1, 2), ""));
  CHECK_FALSE(world.map.ask_benchmark(numbered_id<NodeId>(5), 10, world.now));
  const auto asked = [&](AgentMessage message) {
    ReportBatch batch;
    batch.received_boot_ms = world.now;
    batch.reports.push_back({.node = agent.node, .route = {}, .message = std::move(message)});
    return world.map.apply(batch, world.now).acks.at(0).ack.benchmark_seconds;
  };
  CHECK(asked(agent.heartbeat({})) == 0);
  CHECK(world.map.ask_benchmark(agent.node, 10, world.now));
  CHECK(asked(agent.heartbeat({})) == 10);
  CHECK(asked(agent.hello()) == 10);  // says nothing of it
  auto answer = agent.hello();
  answer.measured.emplace().at_unix_s = 7;
  asked(answer);
  CHECK(asked(agent.heartbeat({})) == 0);
  CHECK(world.row(agent).measured == answer.measured);
  world.map.ask_benchmark(agent.node, 10, world.now);
  auto refusal = agent.hello();
  refusal.measured = answer.measured;
  refusal.problems = {{.probe = "benchmark", .what = "not allowed"}};
  asked(refusal);
  CHECK(asked(agent.heartbeat({})) == 0);
  world.map.ask_benchmark(agent.node, 10, world.now);
  world.now += 400'000;
  CHECK(asked(agent.heartbeat({})) == 0);
}

TEST_CASE("capacity map: rows come out by chunk with what hello and usage said") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 1));
  auto hello = agent.hello();
  hello.os = "Debian 12";
  hello.time_unix_ms = world.now + 4'000;
  hello.problems = {{.probe = "storage", .what = "sda"}};
  world.say(agent, hello);
  world.say(agent, agent.shape_message());
  auto usage = usage_of(busy(1, 2), "u");
  usage.problems = {{.probe = "gpu", .what = "no answer"}};
  world.say(agent, agent.usage(usage));
  REQUIRE(world.map.chunk_count() == 1);
  const auto rows = world.map.chunk(0);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].id == agent.node);
  CHECK(rows[0].os == "Debian 12");
  CHECK(rows[0].clock_skew_ms == -1'000);
  CHECK(rows[0].problems.size() == 2);
  CHECK(rows[0].usage.accelerators == usage.accelerators);
  CHECK(rows[0].last_heard_boot_ms == world.now);
  CHECK(rows[0].revision == world.map.revision());
  CHECK(world.map.chunk(1).empty());
  CHECK_FALSE(world.map.node(numbered_id<NodeId>(5)));
}
