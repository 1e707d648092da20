// What a controller answers, and the two messages of enrolment.
#include "common/codec_parts.hpp"
#include "schemas/enrol_generated.h"
#include "schemas/messages_generated.h"

namespace capmap {
namespace {

constexpr std::uint16_t kMaxBenchmarkSeconds = 3'600;
constexpr std::uint32_t kMaxRetryAfterS = 86'400;

Ack read_ack(const wire::Ack& table, FieldReader& reader) {
  reader.require(table.epoch() != 0, "epoch", "is 0");
  reader.require(table.run_id() != 0, "run_id", "is 0");
  reader.require(table.next_interval_ms() != 0, "next_interval_ms", "is 0");
  Ack ack;
  ack.epoch = table.epoch();
  ack.run_id = table.run_id();
  ack.session = table.session();
  ack.applied_seq = table.applied_seq();
  ack.durable_seq = table.durable_seq();
  ack.next_interval_ms = table.next_interval_ms();
  ack.need_hello = table.need_hello();
  ack.need_shape = table.need_shape();
  ack.need_usage = table.need_usage();
  reader.require(table.benchmark_seconds() <= kMaxBenchmarkSeconds, "benchmark_seconds", "is over 3600");
  ack.benchmark_seconds = table.benchmark_seconds();
  ack.time_unix_ms = table.time_unix_ms();
  return ack;
}

Join read_join(const wire::Join& table, FieldReader& reader) {
  Join join;
  join.token_secret = reader.text(table.token_secret(), "token_secret");
  join.hostname = reader.text(table.hostname(), "hostname");
  join.public_key = reader.text(table.public_key(), "public_key");
  reader.require(!join.public_key.empty(), "public_key", "is empty");
  return join;
}

Joined read_joined(const wire::Joined& table, FieldReader& reader) {
  Joined joined;
  joined.accepted = table.accepted();
  joined.reason = reader.text(table.reason(), "reason");
  joined.node_id.bytes = id_of_halves(table.node_id_first(), table.node_id_second());
  joined.site_name = reader.text(table.site_name(), "site_name");
  joined.port = table.port();
  joined.retry_after_s = table.retry_after_s();
  joined.pending = table.pending();
  joined.next_port = table.next_port();
  reader.require(joined.retry_after_s <= kMaxRetryAfterS, "retry_after_s", "is over a day");
  reader.require(!joined.accepted || (joined.retry_after_s == 0 && !joined.pending), "retry_after_s", "is not 0 although accepted");
  reader.require(!joined.pending || joined.retry_after_s != 0, "retry_after_s", "is 0 although pending");
  reader.require(!joined.accepted || joined.node_id != NodeId{}, "node_id", "is 0 although accepted");
  reader.require(!joined.accepted || joined.port != 0, "port", "is 0 although accepted");
  return joined;
}

}  // namespace

void put_ack(Builder& builder, const Ack& ack) {
  builder.Finish(wire::CreateAck(builder, ack.epoch, ack.run_id, ack.time_unix_ms, ack.session, ack.applied_seq, ack.durable_seq,
                                 ack.next_interval_ms, ack.need_hello, ack.need_shape, ack.need_usage,
                                 static_cast<std::uint16_t>(std::min<std::uint32_t>(ack.benchmark_seconds, kMaxBenchmarkSeconds))),
                 kAckId);
}

Bytes encode(const Ack& message) {
  Builder builder(128);
  put_ack(builder, message);
  const auto bytes = bytes_of(builder);
  return {bytes.begin(), bytes.end()};
}

Bytes encode(const Join& message) {
  Builder builder;
  const auto token_secret = put_text(builder, message.token_secret);
  const auto hostname = put_text(builder, message.hostname);
  const auto public_key = put_text(builder, message.public_key);
  return finish(builder, wire::CreateJoin(builder, token_secret, hostname, public_key), kJoinId);
}

Bytes encode(const Joined& message) {
  Builder builder;
  const auto reason = put_text(builder, message.reason);
  const auto site_name = put_text(builder, message.site_name);
  const auto& id = message.node_id.bytes;
  return finish(builder,
                wire::CreateJoined(builder, half_of(id, 0), half_of(id, 8), reason, site_name, message.port, message.accepted,
                                   message.retry_after_s, message.pending, message.next_port),
                kJoinedId);
}

Result<Ack> decode_ack(std::span<const std::byte> bytes) {
  Bytes memory;
  const auto received = receive_bytes(bytes, kMaxMessageBytes, "ack", memory);
  if (!received) return received.error();
  return decode_kind<Ack, wire::Ack>(*received, kAckId, "ack", read_ack);
}

Result<Join> decode_join(std::span<const std::byte> bytes) {
  Bytes memory;
  const auto received = receive_bytes(bytes, kMaxMessageBytes, "join", memory);
  if (!received) return received.error();
  return decode_kind<Join, wire::Join>(*received, kJoinId, "join", read_join);
}

Result<Joined> decode_joined(std::span<const std::byte> bytes) {
  Bytes memory;
  const auto received = receive_bytes(bytes, kMaxMessageBytes, "joined", memory);
  if (!received) return received.error();
  return decode_kind<Joined, wire::Joined>(*received, kJoinedId, "joined", read_joined);
}

}  // namespace capmap
