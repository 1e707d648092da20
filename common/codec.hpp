#pragma once
#include <cstddef>
#include <span>

#include "common/messages.hpp"
#include "common/result.hpp"

namespace capmap {

/// Messages to FlatBuffers bytes and back. Only codec*.cpp see generated code (schemas/messages.fbs, schemas/enrol.fbs).
/// decode(encode(x)) == x for every x whose values are in range (limits: common/codec_parts.hpp). Encoders cut texts and lists that
/// are over their limits and write '?' for control characters, so that one odd device name silences no node. Decoders take untrusted
/// bytes: they check the length, copy to an aligned buffer, verify with tight depth and table limits, then check meaning (text and
/// list limits, no zero run_id or seq, counts in range, accelerators in order). One bad field fails the message, with the field's
/// name. An enum value this reader does not know is kUnknown: a newer agent may know more. ShapeMessage.shape.id stays empty.
/// Errors of every decode: kMalformed (too short, too long, wrong identifier, failed verification, a value without meaning).
/// Thread: any; no state.

inline constexpr std::size_t kMaxMessageBytes = 64 * 1024;   ///< of one message on the wire
inline constexpr std::size_t kMaxShapeRawBytes = 32 * 1024;  ///< of one shape before compression
inline constexpr std::uint32_t kShapeSchemaVersion = 1;      ///< goes into the hash of a shape

Bytes encode(const Hello& message);
Bytes encode(const ShapeMessage& message);
Bytes encode(const Heartbeat& message);
Bytes encode(const UsageMessage& message);
Bytes encode(const Bye& message);
Bytes encode(const AgentMessage& message);
Bytes encode(const Ack& message);
Bytes encode(const Join& message);
Bytes encode(const Joined& message);

Result<AgentMessage> decode_agent_message(std::span<const std::byte> bytes);
Result<Ack> decode_ack(std::span<const std::byte> bytes);
Result<Join> decode_join(std::span<const std::byte> bytes);
Result<Joined> decode_joined(std::span<const std::byte> bytes);

/// A shape's raw bytes, uncompressed (canonical order is the caller's duty: common/shape.hpp).
Bytes encode_shape_raw(const Shape& shape);
/// Reads raw shape bytes. Errors as above; a newer agent's unknown fields are ignored.
Result<Shape> decode_shape_raw(std::span<const std::byte> raw);
/// BLAKE2b-128 over the schema version (u32 little-endian) and the raw bytes.
ShapeId shape_id_of(std::span<const std::byte> raw);

}  // namespace capmap
