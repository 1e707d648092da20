#include "agent/probe_frames.hpp"

#include <variant>

#include "common/codec.hpp"

namespace capmap {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr Envelope kStandIn{.run_id = 1, .seq = 1};

void append_frame(Bytes& frames, const Bytes& message) {
  for (std::size_t i = 0; i < kLengthBytes; ++i) frames.push_back(static_cast<std::byte>(message.size() >> (8 * i)));
  frames.insert(frames.end(), message.begin(), message.end());
}

Error malformed(const std::string& what) {
  return Error{ErrorCode::kMalformed, "capmap-probe's output: " + what};
}

/// Takes the first frame off `bytes` and decodes it as a Message.
template <class Message>
Result<Message> take_frame(std::span<const std::byte>& bytes, const char* name) {
  if (bytes.size() < kLengthBytes) return malformed(std::string(name) + " frame is missing");
  std::size_t length_bytes = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) length_bytes = (length_bytes << 8U) | std::to_integer<std::size_t>(bytes[i]);
  bytes = bytes.subspan(kLengthBytes);
  if (length_bytes > bytes.size()) return malformed(std::string(name) + " frame ends early");
  auto decoded = decode_agent_message(bytes.first(length_bytes));
  if (!decoded) return malformed(decoded.error().what);
  auto* message = std::get_if<Message>(&*decoded);
  if (message == nullptr) return malformed(std::string(name) + " frame holds another kind of message");
  bytes = bytes.subspan(length_bytes);
  return std::move(*message);
}

}  // namespace

Bytes write_probe_frames(const Hello& facts, const EncodedShape& shape) {
  Hello hello = facts;
  hello.envelope = kStandIn;
  Bytes frames;
  append_frame(frames, encode(hello));
  append_frame(frames, encode(ShapeMessage{kStandIn, shape}));
  return frames;
}

Result<std::pair<Hello, EncodedShape>> read_probe_frames(std::span<const std::byte> bytes) {
  auto facts = take_frame<Hello>(bytes, "hello");
  if (!facts) return facts.error();
  auto shape = take_frame<ShapeMessage>(bytes, "shape");
  if (!shape) return shape.error();
  if (!bytes.empty()) return malformed("more follows the two frames");
  shape->shape.id = shape->shape.compressed ? facts->shape_id : shape_id_of(shape->shape.body);
  return std::pair(std::move(*facts), std::move(shape->shape));
}

}  // namespace capmap
