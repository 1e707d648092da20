// What somebody does who has a good key and means no good, against the real controller over real sockets. SECURITY.md lists these cases.
#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/batch.hpp"
#include "common/codec.hpp"
#include "common/conversation.hpp"
#include "common/join_token.hpp"
#include "common/shape.hpp"
#include "tests/fleet/fleet.hpp"
#include "tests/support/deployment.hpp"
#include "tests/support/map_agent.hpp"

using namespace capmap;
using namespace capmap::support;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

/// A server that was let in by a token, and speaks as it likes.
class Insider {
 public:
  explicit Insider(const Deployment& deployment, std::string hostname)
      : token_(*parse_join_token(deployment.token(1))), hostname_(std::move(hostname)) {
    auto keys = fleet::join_all({to_text(token_)});
    REQUIRE(keys);
    keys_ = keys->front();
    connect();
  }
  void connect() {
    auto opened = open_dealer(
        context_,
        {.endpoint = tcp_endpoint(token_.host, token_.message_port), .server_public_key = token_.server_public_key, .keys = keys_});
    REQUIRE(opened);
    socket_ = std::move(*opened);
    socket_.set(zmq::sockopt::linger, 0);
  }
  bool say(const Bytes& bytes) { return send(socket_, bytes).ok(); }
  /// The next ack of one of its own messages.
  std::optional<Ack> answer(int wait_ms = 10'000) {
    const auto got = receive(socket_, wait_ms);
    if (!got) return std::nullopt;
    const auto ack = decode_ack({static_cast<const std::byte*>(got->data()), got->size()});
    return ack ? std::optional(*ack) : std::nullopt;
  }
  void drain() {
    while (answer(100)) {
    }
  }
  /// Says what is due with these millicores busy, until the controller has taken it; every message is kept.
  void report(std::uint32_t busy_millicores) {
    Usage usage;
    usage.readings.cpu_busy_millicores = busy_millicores;
    if (!talk.has_facts()) {
      Hello facts;
      facts.hostname = hostname_;
      facts.virtualization = "none";
      talk.set_facts(facts, pack_shape(test::server_shape(32, 128, 0)));
      talk.on_link_up(0);
    }
    for (int i = 0; i < 4; ++i) {  // hello, shape, usage in full, and one more
      now_ms_ += 1'000'000;
      said.push_back(encode(talk.next(usage, now_ms_)));
      REQUIRE(say(said.back()));
      const auto ack = answer();
      REQUIRE(ack);
      talk.on_ack(*ack, now_ms_);
    }
  }

  static constexpr std::uint64_t kRun = 0x1234'5678;
  Conversation talk{random_u64(), {}};
  std::vector<Bytes> said;

 private:
  JoinToken token_;
  std::string hostname_;
  CurveKeys keys_;
  std::uint64_t now_ms_ = 1'000'000;
  zmq::context_t context_{1};
  zmq::socket_t socket_;
};

json asked(const Deployment& deployment, const std::string& path) {
  return json::parse(http_get(deployment.http_port, path), nullptr, false);
}

/// The node of that name; null: there is none.
json node_named(const Deployment& deployment, const std::string& name) {
  const json nodes = asked(deployment, "/v1/nodes");
  for (const auto& node : nodes.is_object() ? nodes["nodes"] : json::array()) {
    if (node["hostname"] == name) return asked(deployment, "/v1/nodes/" + node["id"].get<std::string>());
  }
  return {};
}

json busy_of(const Deployment& deployment) {
  const json map = asked(deployment, "/v1/map");
  return map.is_object() ? map["total"]["cpu"]["busy_millicores"] : json();
}

bool shows(const Deployment& deployment, std::uint64_t busy_millicores) {
  return eventually([&] { return busy_of(deployment) == busy_millicores; }, 20s);
}

double malformed(const Deployment& deployment) {
  return deployment.metric("capmap_ingest_refused_total{reason=\"malformed\"}");
}

/// Resident memory of a process in MiB.
std::uint64_t resident_mib(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  std::string word;
  std::uint64_t kib = 0;
  while (file >> word && word != "VmRSS:") {
  }
  file >> kib;
  return kib / 1'024;
}

/// A hello whose list of problems is `count` offsets, all to one table; `texts` bytes in its text.
Bytes many_names_of_one_table(std::size_t count, std::size_t text_bytes) {
  constexpr flatbuffers::voffset_t kRunId = 4, kSeq = 10, kProblems = 34, kWhat = 6;
  flatbuffers::FlatBufferBuilder builder;
  const auto text = builder.CreateString(std::string(text_bytes, 'x'));
  const auto problem_start = builder.StartTable();
  builder.AddOffset(kWhat, text);
  const flatbuffers::Offset<flatbuffers::Table> problem(builder.EndTable(problem_start));
  const auto list = builder.CreateVector(std::vector(count, problem));
  const auto start = builder.StartTable();
  builder.AddElement<std::uint64_t>(kRunId, 7, 0);
  builder.AddElement<std::uint32_t>(kSeq, 1, 0);
  builder.AddOffset(kProblems, list);
  builder.Finish(flatbuffers::Offset<flatbuffers::Table>(builder.EndTable(start)), "CMHE");
  const auto* begin = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
  return {begin, begin + builder.GetSize()};
}

}  // namespace

TEST_CASE("attacks: replayed and reordered reports move nothing, and who sends many is left out of totals with the reason") {
  Deployment deployment({}, {"--interval-ms", "1000"});
  deployment.start();
  Insider honest(deployment, "honest"), replayed(deployment, "replayed");
  honest.report(500);
  replayed.report(4'000);
  replayed.report(2'000);
  replayed.report(1'000);
  REQUIRE(shows(deployment, 1'500));
  // Old ones backwards, then from the middle on: the newest is what counts.
  auto old = replayed.said;
  old.pop_back();
  std::ranges::reverse(old);
  for (const auto& bytes : old) REQUIRE(replayed.say(bytes));
  std::rotate(old.begin(), old.begin() + 4, old.end());
  std::erase_if(old, [n = 0](const auto&) mutable { return ++n > 5; });
  for (const auto& bytes : old) REQUIRE(replayed.say(bytes));
  const auto total = [&] { return deployment.metric("capmap_map_refused_total{reason=\"old_seq\"}"); };
  CHECK(eventually([&] { return total() >= 10; }, 20s));
  CHECK(busy_of(deployment) == 1'500);
  for (int i = 0; i < 30; ++i) {
    REQUIRE(replayed.say(replayed.said[6]));
    std::this_thread::sleep_for(110ms);
  }
  CHECK(eventually([&] { return asked(deployment, "/v1/contradictions")["by_reason"].contains("replay"); }, 20s));
  CHECK(shows(deployment, 500));
  CHECK(node_named(deployment, "replayed")["in_totals"] == false);
  CHECK(node_named(deployment, "honest")["liveness"] == "fresh");
}

TEST_CASE("attacks: a payload that names another node, its run or its numbers is its sender's own, and a node is no child controller") {
  Deployment deployment({}, {"--interval-ms", "1000"});
  deployment.start();
  Insider victim(deployment, "victim"), thief(deployment, "thief");
  victim.report(500);
  thief.report(1'000);
  REQUIRE(shows(deployment, 1'500));
  const json before = node_named(deployment, "victim");
  REQUIRE(before.is_object());
  const json thief_before = node_named(deployment, "thief");

  // All that the victim ever said, under the thief's key: another run of the thief, with the victim's name in it.
  for (const auto& bytes : victim.said) REQUIRE(thief.say(bytes));
  CHECK(eventually([&] { return asked(deployment, "/v1/nodes/" + thief_before["id"].get<std::string>())["hostname"] == "victim"; }, 20s));
  const auto victim_path = "/v1/nodes/" + before["id"].get<std::string>();
  CHECK(asked(deployment, victim_path)["liveness"] == "fresh");
  victim.report(600);
  CHECK(shows(deployment, 1'100));  // each its own: the thief says what the victim said
  CHECK(asked(deployment, victim_path)["usage"] != before["usage"]);

  // A bye in the victim's name ends the thief's run.
  REQUIRE(thief.say(encode(Bye{.envelope = {.run_id = Insider::kRun, .seq = 1'000}, .reason = "x"})));
  // A batch about the victim's id, as child controllers send them.
  const auto refused = malformed(deployment);
  BatchHello hello;
  hello.envelope = {.run_id = 9, .seq = 1};
  const auto sites = asked(deployment, "/v1/sites");
  hello.nodes = {BatchNode{.id = *parse_id<NodeId>(before["id"].get<std::string>()),
                           .site = *parse_id<SiteId>(sites["sites"][0]["id"].get<std::string>()),
                           .shape = {},
                           .memory_total_mib = 1,
                           .pus_allowed = 1}};
  REQUIRE(thief.say(encode(hello)));
  CHECK(eventually([&] { return malformed(deployment) == refused + 1; }, 20s));
  victim.report(700);
  CHECK(asked(deployment, victim_path)["liveness"] == "fresh");
  CHECK(asked(deployment, "/v1/map")["total"]["nodes"]["installed"] == 2);
}

TEST_CASE("attacks: a message of 64 MiB ends its sender's connection, costs no memory and no other agent anything") {
  Deployment deployment({}, {"--interval-ms", "1000"});
  deployment.start();
  Insider big(deployment, "big"), good(deployment, "good");
  big.report(100);
  good.report(200);
  REQUIRE(shows(deployment, 300));
  const auto before_mib = resident_mib(deployment.controller().pid());
  std::uint64_t most_mib = 0;
  const auto let_in = [&] { return deployment.metric("capmap_zap_requests_total{answer=\"accepted\"}"); };
  for (std::uint32_t i = 0; i < 4; ++i) {
    const auto before = let_in();
    CHECK(big.say(Bytes(std::size_t{64} << 20)));
    good.report(200 + i * 300);
    // Its socket connects again by itself: the connection was ended.
    const auto ended = [&] {
      most_mib = std::max(most_mib, resident_mib(deployment.controller().pid()));
      return let_in() > before;
    };
    CHECK(eventually(ended, 20s));
  }
  CHECK(most_mib < before_mib + 64);
  WARN("resident " << before_mib << " MiB before, " << most_mib << " MiB at most among four messages of 64 MiB");
  const auto busy = [&](const char* name) { return node_named(deployment, name)["usage"]["cpu_busy_millicores"]; };
  CHECK(busy("good") == 1'100);
  big.talk = Conversation(random_u64(), {});
  big.report(300);  // its own next connection is let in
  CHECK(soon([&] { return busy("big") == 300; }));
}

TEST_CASE("attacks: buffers built deep, wide, endless or to blow up are refused as malformed, quickly, and disturb nobody") {
  Deployment deployment({}, {"--interval-ms", "1000"});
  deployment.start();
  Insider bad(deployment, "bad"), good(deployment, "good");
  bad.report(100);
  good.report(200);
  REQUIRE(shows(deployment, 300));
  const auto refused = malformed(deployment);
  std::vector<Bytes> built = {many_names_of_one_table(15'000, 10), many_names_of_one_table(64, 30'000), many_names_of_one_table(65, 1)};
  const Bytes plain = many_names_of_one_table(8, 8);
  // Each 32-bit word of a good message as an offset that leads nowhere, to itself, or round and round; as a length without end.
  for (std::size_t at = 0; at + 4 <= plain.size() && built.size() < 40; at += 4) {
    for (const std::uint32_t word : {0xffff'fff0U, 0x4000'0000U}) {
      if (at == 4) continue;  // the identifier
      Bytes bytes = plain;
      std::memcpy(bytes.data() + at, &word, sizeof word);
      built.push_back(bytes);
    }
  }
  const auto began = std::chrono::steady_clock::now();
  for (const auto& bytes : built) {
    REQUIRE(bad.say(bytes));
    std::this_thread::sleep_for(105ms);  // within its allowance: each is looked at
  }
  CHECK(eventually([&] { return malformed(deployment) >= refused + 20; }, 20s));
  WARN(built.size() << " buffers in "
                    << std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began).count() << " ms, "
                    << malformed(deployment) - refused << " refused as malformed");
  good.report(900);
  CHECK(deployment.controller().running());
  CHECK(node_named(deployment, "good")["usage"]["cpu_busy_millicores"] == 900);
}

TEST_CASE("attacks: one key floods as fast as it can while 1,000 others stay fresh") {
  constexpr unsigned kAgents = 1'000;
  Deployment deployment({}, {"--interval-ms", "2000"});
  deployment.start();
  const TemporaryFolder keys;
  Program fleet({"capmap-fleet", "--join", deployment.token(kAgents), "--agents", std::to_string(kAgents), "--seed", "5", "--seconds", "0",
                 "--keys-file", keys.path() + "/keys"});
  const auto fresh = [&] { return deployment.metric("capmap_nodes{liveness=\"fresh\"}"); };
  REQUIRE(eventually([&] { return fresh() == kAgents; }, 120s));
  Insider flood(deployment, "flood");
  flood.report(100);
  REQUIRE(eventually([&] { return fresh() == kAgents + 1; }, 20s));
  std::atomic<bool> over = false;
  std::atomic<std::uint64_t> sent = 0;
  std::thread flooding([&] {
    const Bytes heartbeat = encode(Heartbeat{.envelope = {.run_id = Insider::kRun, .seq = 1}, .shape_prefix = 1, .moved = {}});
    while (!over) sent += flood.say(heartbeat) ? 1U : 0U;
  });
  double least = kAgents;
  int looks = 0;
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < end) {
    least = std::min(least, fresh());
    ++looks;
    std::this_thread::sleep_for(200ms);
  }
  const auto dropped = deployment.metric("capmap_ingest_refused_total{reason=\"rate\"}");
  over = true;
  flooding.join();
  WARN("flooded with " << sent << " messages in 20 s, " << dropped << " dropped; fresh at least " << least << " of " << kAgents << " in "
                       << looks << " looks");
  CHECK(least >= kAgents);
  CHECK(dropped > 10'000);
  CHECK(deployment.metric("capmap_nodes{liveness=\"lost\"}") <= 0);
  CHECK(asked(deployment, "/v1/contradictions")["by_reason"].contains("flood"));
}
