// The bytes of every released version decode to the same values for ever. The values stand here, the bytes in tests/fixtures/wire.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "common/batch.hpp"
#include "common/codec.hpp"

using namespace capmap;
namespace fs = std::filesystem;

namespace {

const fs::path kReleased = fs::path(CAPMAP_SOURCE_DIR) / "tests/fixtures/wire/0.1";
constexpr Envelope kEnvelope{.run_id = 0x0123'4567'89AB'CDEF, .seq = 42};
constexpr std::uint64_t kPrefix = 0x0807'0605'0403'0201;

Hello hello() {
  Hello hello;
  hello.envelope = kEnvelope;
  hello.shape_id.bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  hello.agent_version = "0.1.0";
  hello.hostname = "gz-gpu-0417";
  hello.os = "Debian GNU/Linux 12 (bookworm)";
  hello.kernel = "6.1.0-28-amd64";
  hello.virtualization = "none";
  hello.memory_total_bytes = 2'164'663'517'184;
  hello.pus_allowed = 192;
  hello.time_unix_ms = 1'767'225'600'000;
  hello.disk_names = {"nvme0n1", "nvme1n1"};
  hello.nic_names = {"ens1f0np0", "ibp23s0"};
  hello.accelerator_addresses = {"0000:17:00.0", "0000:3d:00.0"};
  hello.problems = {{"memory", "sys/devices/system/memory: not readable"}, {"energy", "贵阳: no powercap"}};
  return hello;
}

Shape shape() {
  Shape shape;
  shape.cpu = {.architecture = Architecture::kLoongarch64,
               .vendor = "Loongson",
               .model = "Loongson-3C5000",
               .identity = "0x14c0",
               .packages = 2,
               .dies = std::nullopt,
               .cores = 32,
               .pus = 32,
               .numa_nodes = 8,
               .core_kinds = {{24, 24, 2'200, ClockSource::kModelName, std::nullopt}, {8, 8, std::nullopt, ClockSource::kUnknown, 2'500}},
               .isa = {"lasx", "lsx"}};
  shape.memory_bytes = 274'877'906'944;
  shape.accelerators = {{AcceleratorKind::kNpu, 0x19e5, 0xd802, 0x19e5, 0x3003, 68'719'476'736, 8},
                        {AcceleratorKind::kFpga, 0x10ee, 0x5000, 0, 0, std::nullopt, 1}};
  shape.nics = {{NicType::kEthernet, 0x19e5, 0x0222, 25'000, false, 4}, {NicType::kRoce, 0x15b3, 0x1017, std::nullopt, true, 1}};
  shape.disks = {{Media::kNvme, "HWE52P436T4M005N", 6'401'252'745'216, 12}, {Media::kHdd, "", std::nullopt, 2}};
  return shape;
}

ShapeMessage shape_message() {
  ShapeMessage message{kEnvelope, {}};
  for (unsigned i = 0; i < 40; ++i) message.shape.body.push_back(static_cast<std::byte>(i * 5));
  message.shape.compressed = true;
  message.shape.raw_bytes = 700;
  return message;
}

Heartbeat heartbeat() {
  Readings moved;
  moved.cpu_busy_millicores = 0;
  moved.memory_used_mib = 1'024'000;
  moved.network_receive_kbps = 94'300'000;
  return {kEnvelope, kPrefix, moved};
}

UsageMessage usage() {
  UsageMessage message{kEnvelope, kPrefix, {}};
  message.usage.readings = {1, 2, 3, 4, 5, 6, 7, {}};
  message.usage.accelerators = {{"0000:17:00.0", true, 79'000, 985, true},
                                {"0000:3d:1f.7", false, 0, 0, false},
                                {"0001:00:00.0", std::nullopt, std::nullopt, std::nullopt, std::nullopt},
                                {"10000:01:00.0", true, std::nullopt, std::nullopt, true}};
  message.usage.problems = {{"accelerator", "0001:00:00.0: no driver"}};
  return message;
}

Bye bye() {
  return {kEnvelope, "stopped by systemd"};
}

Ack ack() {
  return {.epoch = 0xFEDC'BA98'7654'3210,
          .run_id = kEnvelope.run_id,
          .session = 7,
          .applied_seq = 42,
          .durable_seq = 40,
          .next_interval_ms = 10'371,
          .need_hello = false,
          .need_shape = true,
          .need_usage = true,
          .time_unix_ms = 1'767'225'600'123};
}

Join join() {
  return {"abcdefghijklmnopqrstuvwxy2", "gz-gpu-0417", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"};
}

Joined joined() {
  Joined joined;
  joined.accepted = true;
  joined.node_id.bytes = {16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
  joined.site_name = "贵安数据中心";
  joined.port = 8'471;
  return joined;
}

BatchHello batch_hello() {
  BatchHello hello{.envelope = kEnvelope, .first = 7, .all_nodes = {}, .nodes = {}};
  for (std::uint8_t i = 1; i <= 3; ++i) {
    auto& node = hello.nodes.emplace_back();
    node.id.bytes = {i, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    node.site.bytes[0] = i == 3 ? 9 : 8;
    node.shape.bytes[15] = 5;
  }
  hello.nodes[0].memory_total_mib = 2'064'384;
  hello.nodes[1].pus_allowed = 192;
  return hello;
}

BatchStates batch_states() {
  BatchStates states;
  states.envelope = kEnvelope;
  states.first = 7;
  states.count = 3;
  states.nodes = {7, 9, 4'000'000'000};
  states.liveness = BatchLiveness::kStale;
  states.full = true;
  states.heard_ago_ms = 4'200;
  states.readings[0] = {1, 64'001, 0};
  states.readings[7] = {612, 0, UINT32_MAX};
  states.accelerators_used = {8, 0, 1};
  states.accelerators_free = {0, 8, 6};
  states.accelerators_unhealthy = {0, 0, 1};
  return states;
}

BatchAck batch_ack() {
  BatchAck ack{.epoch = 0xFEDC'BA98'7654'3210,
               .run_id = kEnvelope.run_id,
               .time_unix_ms = 1'767'225'600'123,
               .session = 7,
               .applied_seq = 42,
               .next_interval_ms = 10'371,
               .nodes = 12,
               .refused_nodes = 2,
               .need_shapes = {}};
  ack.need_shapes.resize(2);
  ack.need_shapes[1].bytes[0] = 255;
  return ack;
}

Bytes released(const std::string& kind) {
  std::ifstream file(kReleased / (kind + ".bin"), std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

template <class Message>
void check_agent_message(const std::string& kind, const Message& expected) {
  INFO(kind);
  const auto decoded = decode_agent_message(released(kind));
  REQUIRE(decoded);
  CHECK(*decoded == AgentMessage(expected));
}

/// What is released stays: only kinds that have no bytes yet get theirs.
void write(const std::string& kind, const Bytes& bytes) {
  if (fs::exists(kReleased / (kind + ".bin"))) return;
  std::ofstream(kReleased / (kind + ".bin"), std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

/// For the release that the folder is named after, once: CAPMAP_WRITE_FIXTURES=1.
void write_all() {
  fs::create_directories(kReleased);
  write("hello", encode(hello()));
  write("shape", encode(shape_message()));
  write("heartbeat", encode(heartbeat()));
  write("usage", encode(usage()));
  write("bye", encode(bye()));
  write("ack", encode(ack()));
  write("join", encode(join()));
  write("joined", encode(joined()));
  write("shape_body", encode_shape_raw(shape()));
  write("batch_hello", encode(batch_hello()));
  write("batch_states", encode(batch_states()));
  write("batch_ack", encode(batch_ack()));
}

}  // namespace

TEST_CASE("wire 0.1: the released bytes of every kind decode to the values they were made from") {
  if (std::getenv("CAPMAP_WRITE_FIXTURES") != nullptr) write_all();
  check_agent_message("hello", hello());
  check_agent_message("shape", shape_message());
  check_agent_message("heartbeat", heartbeat());
  check_agent_message("usage", usage());
  check_agent_message("bye", bye());
  const auto read_ack = decode_ack(released("ack"));
  REQUIRE(read_ack);
  CHECK(*read_ack == ack());
  const auto read_join = decode_join(released("join"));
  REQUIRE(read_join);
  CHECK(*read_join == join());
  const auto read_joined = decode_joined(released("joined"));
  REQUIRE(read_joined);
  CHECK(*read_joined == joined());
  const auto read_shape = decode_shape_raw(released("shape_body"));
  REQUIRE(read_shape);
  CHECK(*read_shape == shape());
  const auto read_batch_hello = decode_child_message(released("batch_hello")), read_states = decode_child_message(released("batch_states"));
  REQUIRE((read_batch_hello && read_states));
  CHECK(*read_batch_hello == ChildMessage(batch_hello()));
  CHECK(*read_states == ChildMessage(batch_states()));
  const auto read_batch_ack = decode_batch_ack(released("batch_ack"));
  REQUIRE(read_batch_ack);
  CHECK(*read_batch_ack == batch_ack());
}

TEST_CASE("wire 0.1: the id of the released shape is the one that controllers have stored") {
  CHECK(to_text(shape_id_of(released("shape_body"))) == "h-joi6ikuouhmui4scfcxua4p2yi");
}
