#pragma once
#include <cstddef>
#include <memory>
#include <span>

#include "common/codec.hpp"

namespace capmap {

/// Decodes what agents say, and encodes what they are answered, in the same memory again and again: once it has grown, a heartbeat and
/// its ack allocate nothing. By the rules of common/codec.hpp. One thread.
class ReusedCodec {
 public:
  ReusedCodec();
  ~ReusedCodec();
  Result<AgentMessage> decode(std::span<const std::byte> bytes);
  /// Good until the next call.
  std::span<const std::byte> encode(const Ack& ack);

 private:
  struct Memory;
  std::unique_ptr<Memory> memory_;
};

}  // namespace capmap
