#include "common/codec.hpp"

#include <sodium.h>

#include <utility>

#include "common/check.hpp"
#include "common/codec_parts.hpp"

namespace capmap {
namespace {

template <class Kind>
Result<AgentMessage> as_agent_message(Result<Kind> decoded) {
  if (!decoded) return decoded.error();
  return AgentMessage(std::move(*decoded));
}

}  // namespace

Bytes encode(const AgentMessage& message) {
  return std::visit([](const auto& kind) { return encode(kind); }, message);
}

Result<AgentMessage> decode_agent_message(std::span<const std::byte> bytes) {
  Bytes memory;
  const auto received = receive_bytes(bytes, kMaxMessageBytes, "message", memory);
  if (!received) return received.error();
  return decode_agent_message(*received);
}

Result<AgentMessage> decode_agent_message(const Received& received) {
  if (received.is(kHeartbeatId)) return as_agent_message(decode_heartbeat(received));
  if (received.is(kUsageId)) return as_agent_message(decode_usage(received));
  if (received.is(kHelloId)) return as_agent_message(decode_hello(received));
  if (received.is(kShapeMessageId)) return as_agent_message(decode_shape_message(received));
  if (received.is(kByeId)) return as_agent_message(decode_bye(received));
  return Error{ErrorCode::kMalformed, "message: not a kind that agents send"};
}

ShapeId shape_id_of(std::span<const std::byte> raw) {
  const std::array<std::uint8_t, 4> version = {kShapeSchemaVersion & 0xFFU, (kShapeSchemaVersion >> 8U) & 0xFFU,
                                               (kShapeSchemaVersion >> 16U) & 0xFFU, kShapeSchemaVersion >> 24U};
  ShapeId id;
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, id.bytes.size());
  crypto_generichash_update(&state, version.data(), version.size());
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(raw.data()), raw.size());
  const int failed = crypto_generichash_final(&state, id.bytes.data(), id.bytes.size());
  check(failed == 0, "BLAKE2b refused 16 bytes of output");
  return id;
}

}  // namespace capmap
