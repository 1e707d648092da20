#include "common/codec.hpp"

#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>

#include "common/coarse_rate.hpp"

using namespace capmap;

namespace {

constexpr Envelope kEnvelope{.run_id = 0xFEDC'BA98'7654'3210, .seq = 70'000};

Heartbeat heartbeat_with(const Readings& moved) {
  return {kEnvelope, 0x8877'6655'4433'2211, moved};
}

UsageMessage usage_of_eight_accelerators() {
  UsageMessage message{kEnvelope, 0x8877'6655'4433'2211, {}};
  message.usage.readings = {95'500, 1'200'000, 40'000'000, 2'000'000, 500'000, 90'000'000, 80'000'000, 6'500};
  for (const char* bus : {"17", "3d", "60", "70", "98", "bb", "dd", "ed"}) {
    message.usage.accelerators.push_back({"0000:" + std::string(bus) + ":00.0", true, 130'000, 987, true, 699, 7});
  }
  message.usage.cpu_steal_millicores = 1'500;
  message.usage.load_centi = 9'612;
  message.usage.disk_traffic.assign(12, {.in = coarse_rate(2'000'000), .out = coarse_rate(500'000)});
  message.usage.nic_traffic.assign(4, {.in = coarse_rate(90'000'000), .out = coarse_rate(80'000'000)});
  return message;
}

std::string refusal(const Bytes& bytes) {
  const auto decoded = decode_agent_message(bytes);
  if (decoded) return "accepted";
  CHECK(decoded.error().code == ErrorCode::kMalformed);
  return decoded.error().what;
}

template <class Message>
std::string refusal(const Message& message) {
  return refusal(encode(message));
}

template <class Message>
Message round_trip(const Message& message) {
  const auto decoded = decode_agent_message(encode(message));
  REQUIRE(decoded);
  return std::get<Message>(*decoded);
}

std::string shape_refusal(const Shape& shape) {
  const auto decoded = decode_shape_raw(encode_shape_raw(shape));
  return decoded ? "accepted" : decoded.error().what;
}

std::string joined_refusal(const Joined& joined) {
  const auto decoded = decode_joined(encode(joined));
  return decoded ? "accepted" : decoded.error().what;
}

/// A bye as our encoder would not write it.
Bytes careless_bye(const std::string& reason) {
  flatbuffers::FlatBufferBuilder builder;
  const auto text = builder.CreateString(reason);
  const auto start = builder.StartTable();
  builder.AddElement<std::uint64_t>(4, kEnvelope.run_id, 0);
  builder.AddElement<std::uint32_t>(6, kEnvelope.seq, 0);
  builder.AddOffset(8, text);
  builder.Finish(flatbuffers::Offset<void>(builder.EndTable(start)), "CMBY");
  const auto* begin = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
  return {begin, begin + builder.GetSize()};
}

/// A hello whose disk names are all the same bytes in the buffer.
Bytes hello_with_shared_names(std::size_t names, std::size_t name_bytes) {
  flatbuffers::FlatBufferBuilder builder;
  const auto text = builder.CreateString(std::string(name_bytes, 'x'));
  const auto list = builder.CreateVector(std::vector(names, text));
  const auto start = builder.StartTable();
  builder.AddElement<std::uint64_t>(4, kEnvelope.run_id, 0);
  builder.AddElement<std::uint32_t>(10, kEnvelope.seq, 0);
  builder.AddOffset(28, list);
  builder.Finish(flatbuffers::Offset<void>(builder.EndTable(start)), "CMHE");
  const auto* begin = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
  return {begin, begin + builder.GetSize()};
}

}  // namespace

TEST_CASE("codec: a heartbeat with three of the readings that move most fits into 64 bytes, with all eight into 96") {
  CHECK(encode(heartbeat_with({})).size() <= 48);
  Readings moved;
  moved.cpu_busy_millicores = 64'000;
  moved.memory_used_mib = 2'000'000;
  moved.network_receive_kbps = 400'000'000;
  CHECK(encode(heartbeat_with(moved)).size() == 64);
  moved.memory_used_mib.reset();
  moved.storage_write_kbs = 7'000'000;
  CHECK(encode(heartbeat_with(moved)).size() == 64);
  moved.storage_used_mb = 4'000'000'000;
  moved.storage_write_kbs.reset();
  CHECK(encode(heartbeat_with(moved)).size() == 72);
  moved.storage_used_mb.reset();
  moved.power_watts = 5'400;
  CHECK(encode(heartbeat_with(moved)).size() == 72);
  CHECK(encode(heartbeat_with({1, 2, 3, 4, 5, 6, 7, {}})).size() == 88);
  CHECK(encode(heartbeat_with({1, 2, 3, 4, 5, 6, 7, 8})).size() == 96);
}

TEST_CASE("codec: the usage of a node with eight accelerators, twelve disks and four NICs fits into 300 bytes") {
  UsageMessage message = usage_of_eight_accelerators();
  message.addresses_as_in_hello = true;  // as it is said all the time
  const Bytes bytes = encode(message);
  for (auto& use : message.usage.accelerators) use.pci_address.clear();
  CHECK(round_trip(message) == message);
  CAPTURE(bytes.size());
  CHECK(bytes.size() <= 300);
  for (auto& use : message.usage.accelerators) {
    use.partitions = 0;  // as a temperature says along with it
    use.temperature_celsius = 61;
  }
  for (std::size_t i = 0; i < 8; ++i) message.usage.accelerators[i].partitions = static_cast<std::uint32_t>(i == 0 ? 0 : 8 - i);  // MIG
  CHECK(round_trip(message) == message);
  CHECK(encode(message).size() == 296);
  message.usage.accelerators[3].partitions = 20;  // virtual functions: more than the short form can say
  CHECK(round_trip(message) == message);
  for (auto& use : message.usage.accelerators) use.partitions = 0;
  message.usage.accelerators[0].temperature_celsius.reset();
  message.usage.accelerators[1].partitions.reset();
  CHECK(round_trip(message) == message);
  CHECK(encode(message).size() <= 300);
}

TEST_CASE("codec: labels that are none, or out of order, and limits of other accelerators are refused") {
  Hello hello;
  hello.envelope = kEnvelope;
  hello.labels = {{"rack", "r12"}, {"row", "b"}};
  hello.accelerator_addresses = {"0000:17:00.0", "0000:65:00.0"};
  hello.accelerator_power_limit_watts = {std::nullopt, 0};
  CHECK(round_trip(hello) == hello);
  auto wrong = hello;
  wrong.labels[0].key = "Rack";
  CHECK(refusal(wrong) == "hello: labels hold what is no label");
  wrong.labels = {{"row", "b"}, {"rack", "r12"}};
  CHECK(refusal(wrong) == "hello: labels are not in ascending order, each once");
  wrong = hello;
  wrong.accelerator_addresses.pop_back();
  CHECK(refusal(wrong) == "hello: accelerator_power_limit_watts is not as long as accelerator_addresses");
}

TEST_CASE("codec: a reading of 0 arrives as 0 and an unknown one as unknown") {
  Readings readings;
  readings.cpu_busy_millicores = 0;
  const Heartbeat heartbeat = round_trip(heartbeat_with(readings));
  CHECK(heartbeat.moved.cpu_busy_millicores == 0U);
  CHECK_FALSE(heartbeat.moved.memory_used_mib);
  UsageMessage message{kEnvelope, 1, {}};
  message.usage.accelerators = {{"0000:17:00.0", std::nullopt, std::nullopt, std::nullopt, std::nullopt},
                                {"0000:18:00.0", false, 0, 0, false}};
  CHECK(round_trip(message) == message);
}

TEST_CASE("codec: traffic that is no list of rates is refused") {
  UsageMessage message{kEnvelope, 1, {}};
  message.usage.disk_traffic = {{.in = 7, .out = 250}};
  CHECK_THAT(refusal(message), Catch::Contains("disk_traffic holds a byte that is no rate"));
  message.usage.disk_traffic.clear();
  message.usage.nic_traffic = {{.in = kNoRate, .out = 239}};
  CHECK(round_trip(message) == message);
}

TEST_CASE("codec: an accelerator keeps its address in whatever spelling") {
  UsageMessage message{kEnvelope, 1, {}};
  for (const char* address : {"0000:17:00.0", "0000:17:00.1", "0000:17:1F.0", "0000:17:1f.8", "0000:17:20.0", "10000:01:00.0",
                              " 000:17:00.0", "ffff:ff:1f.7", "davinci0", "0000:17:00.0 "}) {
    message.usage.accelerators.push_back({address, true, std::nullopt, 5, std::nullopt});
  }
  std::ranges::sort(message.usage.accelerators, {}, &AcceleratorUse::pci_address);
  CHECK(round_trip(message) == message);
}

TEST_CASE("codec: accelerators out of order, twice or busy beyond their time are refused") {
  UsageMessage message = usage_of_eight_accelerators();
  std::swap(message.usage.accelerators[0], message.usage.accelerators[1]);
  CHECK_THAT(refusal(message), Catch::Contains("usage: accelerators are not in ascending order"));
  message.usage.accelerators[1] = message.usage.accelerators[0];
  CHECK_THAT(refusal(message), Catch::Contains("each once"));
  message = usage_of_eight_accelerators();
  message.usage.accelerators[0].pci_address.clear();
  CHECK_THAT(refusal(message), Catch::Contains("accelerator_other_addresses lacks an address"));
}

TEST_CASE("codec: a message without run_id or seq is refused, with the field's name") {
  CHECK(refusal(Heartbeat{{0, 1}, 1, {}}) == "heartbeat: run_id is 0");
  CHECK(refusal(Heartbeat{{1, 0}, 1, {}}) == "heartbeat: seq is 0");
  CHECK(refusal(Bye{{0, 1}, ""}) == "bye: run_id is 0");
  CHECK(refusal(UsageMessage{}) == "usage: run_id is 0");
  CHECK(refusal(Hello{}) == "hello: run_id is 0");
  CHECK(refusal(ShapeMessage{}) == "shape: run_id is 0");
}

TEST_CASE("codec: an ack without epoch, run_id or interval is refused") {
  const Ack good{.epoch = 1, .run_id = 1};
  REQUIRE(decode_ack(encode(good)));
  for (Ack bad : {Ack{.run_id = 1}, Ack{.epoch = 1}, Ack{.epoch = 1, .run_id = 1, .next_interval_ms = 0}}) {
    CHECK_FALSE(decode_ack(encode(bad)));
  }
}

TEST_CASE("codec: an acceptance without id or port is refused, a refusal needs neither") {
  Joined answer;
  answer.reason = "token used up";
  CHECK(decode_joined(encode(answer)));
  answer.accepted = true;
  CHECK(joined_refusal(answer) == "joined: node_id is 0 although accepted");
  answer.node_id.bytes[3] = 1;
  CHECK(joined_refusal(answer) == "joined: port is 0 although accepted");
  answer.port = 8'471;
  CHECK(joined_refusal(answer) == "accepted");
  answer.retry_after_s = 5;
  CHECK(joined_refusal(answer) == "joined: retry_after_s is not 0 although accepted");
  answer = {.accepted = false, .reason = "", .node_id = {}, .site_name = "", .port = 0, .retry_after_s = 0, .pending = true};
  CHECK(joined_refusal(answer) == "joined: retry_after_s is 0 although pending");
  answer.retry_after_s = 86'401;
  CHECK(joined_refusal(answer) == "joined: retry_after_s is over a day");
  CHECK_FALSE(decode_join(encode(Join{.token_secret = "abc", .hostname = "h", .public_key = ""})));
}

TEST_CASE("codec: counts of 0 and beyond the limit are refused, with the field's name") {
  Shape shape;
  shape.cpu.cores = 0;
  CHECK(shape_refusal(shape) == "shape body: cores is 0 and not 1 to 65536");
  shape.cpu.cores = 65'537;
  CHECK(shape_refusal(shape) == "shape body: cores is 65537 and not 1 to 65536");
  shape.cpu.cores = 65'536;
  CHECK(shape_refusal(shape) == "accepted");
  shape.disks.resize(1);
  shape.disks[0].count = 0;
  CHECK(shape_refusal(shape) == "shape body: disks.count is 0 and not 1 to 65536");
  shape.disks.clear();
  shape.cpu.core_kinds = {{65'537, 1, std::nullopt, ClockSource::kUnknown, std::nullopt}};
  CHECK_THAT(shape_refusal(shape), Catch::Contains("core_kinds.cores"));
  shape.cpu.core_kinds[0] = {1, 1, 0, ClockSource::kSysfs, std::nullopt};
  CHECK_THAT(shape_refusal(shape), Catch::Contains("core_kinds.base_mhz"));
}

TEST_CASE("codec: an enum value of a newer agent reads as unknown") {
  Shape shape;
  shape.cpu.architecture = static_cast<Architecture>(7);
  shape.accelerators.resize(1);
  shape.accelerators[0].kind = static_cast<AcceleratorKind>(5);
  shape.nics.resize(1);
  shape.nics[0].type = static_cast<NicType>(4);
  shape.disks.resize(1);
  shape.disks[0].media = static_cast<Media>(255);
  shape.cpu.core_kinds = {{1, 1, 2'000, static_cast<ClockSource>(4), std::nullopt}};
  const auto decoded = decode_shape_raw(encode_shape_raw(shape));
  REQUIRE(decoded);
  CHECK(decoded->cpu.architecture == Architecture::kUnknown);
  CHECK(decoded->accelerators[0].kind == AcceleratorKind::kUnknown);
  CHECK(decoded->nics[0].type == NicType::kUnknown);
  CHECK(decoded->disks[0].media == Media::kUnknown);
  CHECK(decoded->cpu.core_kinds[0].base_source == ClockSource::kUnknown);
}

TEST_CASE("codec: the encoder cuts a text that is too long between two characters and writes '?' for control characters") {
  Bye bye{kEnvelope, std::string(511, 'a') + "é and more"};
  CHECK(round_trip(bye).reason == std::string(511, 'a'));
  bye.reason = "one\ntwo\x7f\tthree";
  CHECK(round_trip(bye).reason == "one?two??three");
  bye.reason = std::string(600, '\x80');
  CHECK(round_trip(bye).reason.size() <= 512);
}

TEST_CASE("codec: the encoder sends the first 64 problems of more") {
  UsageMessage message{kEnvelope, 1, {}};
  message.usage.problems.assign(100, {"storage", "sys/block/sda/size: not readable"});
  CHECK(round_trip(message).usage.problems.size() == 64);
}

TEST_CASE("codec: a text that is too long or holds a control character is refused by the decoder") {
  CHECK(refusal(careless_bye("stopped by the administrator")) == "accepted");
  CHECK(refusal(careless_bye(std::string(512, 'a'))) == "accepted");
  CHECK(refusal(careless_bye(std::string(513, 'a'))) == "bye: reason is longer than 512 bytes");
  CHECK(refusal(careless_bye("two\nlines")) == "bye: reason holds a control character");
  CHECK(refusal(careless_bye(std::string("a\0b", 3))) == "bye: reason holds a control character");
}

TEST_CASE("codec: a small message cannot become a large one by naming one text many times") {
  CHECK(refusal(hello_with_shared_names(1, 512)) == "accepted");
  CHECK(refusal(hello_with_shared_names(4'096, 512)) == "hello: disk_names repeats bytes of another text");
  CHECK(refusal(hello_with_shared_names(4'097, 1)) == "hello: disk_names has 4097 entries, at most 4096");
}

TEST_CASE("codec: a shape message must be as long as it says and carries no id") {
  ShapeMessage message{kEnvelope, {}};
  message.shape.body.assign(100, std::byte{7});
  message.shape.raw_bytes = 100;
  CHECK(round_trip(message) == message);
  message.shape.raw_bytes = 99;
  CHECK(refusal(message) == "shape: body is not raw_bytes long");
  message.shape.compressed = true;
  CHECK_THAT(refusal(message), Catch::Contains("not shorter than raw_bytes"));
  message.shape.raw_bytes = 32'769;
  CHECK_THAT(refusal(message), Catch::Contains("raw_bytes is 32769"));
  message.shape = {};
  message.shape.raw_bytes = 1;
  CHECK(refusal(message) == "shape: body is empty");
}

TEST_CASE("codec: bytes of the wrong length or of another kind are refused") {
  CHECK(refusal(Bytes{}) == "message: 0 bytes, expected 8 to 65536");
  CHECK(refusal(Bytes(7)) == "message: 7 bytes, expected 8 to 65536");
  CHECK(refusal(Bytes(65'537)) == "message: 65537 bytes, expected 8 to 65536");
  CHECK(refusal(Bytes(65'536)) == "message: not a kind that agents send");
  CHECK(refusal(Ack{.epoch = 1, .run_id = 1}) == "message: not a kind that agents send");
  CHECK_FALSE(decode_ack(encode(heartbeat_with({}))));
  CHECK_FALSE(decode_join(encode(Joined{})));
  CHECK_FALSE(decode_shape_raw(encode(heartbeat_with({}))));
}

TEST_CASE("codec: a message is read wherever it lies in memory") {
  const Bytes bytes = encode(usage_of_eight_accelerators());
  for (std::size_t shift = 0; shift < 8; ++shift) {
    Bytes shifted(shift);
    shifted.insert(shifted.end(), bytes.begin(), bytes.end());
    REQUIRE(decode_agent_message(std::span(shifted).subspan(shift)));
  }
}

TEST_CASE("codec: a shape's id covers the schema version and every byte") {
  // b2sum -l 128 over 01 00 00 00 and the bytes.
  CHECK(to_text(shape_id_of({})) == "h-3awbekc3lvcvd6eor5xh5njlqe");
  Bytes raw = encode_shape_raw(Shape{});
  const ShapeId id = shape_id_of(raw);
  for (auto& byte : raw) {
    byte ^= std::byte{1};
    REQUIRE(shape_id_of(raw) != id);
    byte ^= std::byte{1};
  }
}
