#include "common/codec_reused.hpp"

#include "common/codec_parts.hpp"

namespace capmap {

struct ReusedCodec::Memory {
  Bytes received;
  Builder builder{128};
};

ReusedCodec::ReusedCodec() : memory_(std::make_unique<Memory>()) {}
ReusedCodec::~ReusedCodec() = default;

Result<AgentMessage> ReusedCodec::decode(std::span<const std::byte> bytes) {
  const auto received = receive_bytes(bytes, kMaxMessageBytes, "message", memory_->received);
  if (!received) return received.error();
  return decode_agent_message(*received);
}

std::span<const std::byte> ReusedCodec::encode(const Ack& ack) {
  memory_->builder.Clear();
  put_ack(memory_->builder, ack);
  return bytes_of(memory_->builder);
}

}  // namespace capmap
