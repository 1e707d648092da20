#pragma once
#include <cstddef>
#include <span>
#include <utility>

#include "common/messages.hpp"
#include "common/result.hpp"

namespace capmap {

/// What `capmap-probe shape` writes to stdout for the agent that started it: two frames, each a u32 little-endian length and that many
/// bytes: an encoded Hello (facts; run_id 1 and seq 1 stand in for the agent's own) and an encoded ShapeMessage (likewise).
Bytes write_probe_frames(const Hello& facts, const EncodedShape& shape);
/// Errors: kMalformed (lengths, content). Reads untrusted bytes. The shape's id is computed from the bytes for an uncompressed body,
/// and taken from facts.shape_id otherwise: agent and probe are one installation, and the controller computes it again.
Result<std::pair<Hello, EncodedShape>> read_probe_frames(std::span<const std::byte> bytes);

}  // namespace capmap
