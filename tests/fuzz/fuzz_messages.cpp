// Bytes from strangers into every decoder: none may crash, and what decodes must survive being encoded and decoded again.
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/batch.hpp"
#include "common/check.hpp"
#include "common/codec.hpp"
#include "common/codec_keys.hpp"
#include "common/shape.hpp"

using namespace capmap;

namespace {

/// The round trip of one decoder. A buffer that names one row many times may encode to more than a message can hold: then there is none.
template <class Message, class Decode, class Encode>
void check_law(std::span<const std::byte> bytes, std::size_t limit_bytes, Decode decode, Encode encode_again) {
  const Result<Message> first = decode(bytes);
  if (!first) {
    check(first.error().code == ErrorCode::kMalformed && !first.error().what.empty(), "a decoder refused without a reason");
    return;
  }
  const Bytes again = encode_again(*first);
  if (again.size() > limit_bytes) return;
  const Result<Message> second = decode(again);
  check(second && *second == *first, "decode(encode(x)) is not x");
}

template <class Message, class Decode>
void check_message_law(std::span<const std::byte> bytes, Decode decode) {
  check_law<Message>(bytes, kMaxMessageBytes, decode, [](const Message& message) { return encode(message); });
}

/// Which kind of news of keys it is, is told without decoding it.
void check_key_kind(std::span<const std::byte> bytes) {
  const bool offer = is_key_offer(bytes), news = is_key_news(bytes);
  check(!offer || !news, "an offer that is news");
  check(offer || !decode_key_offer(bytes), "an offer is taken for another message");
  check(news || !decode_key_news(bytes), "news are taken for another message");
}

/// The first byte says whether the rest is compressed, the next two how long it claims to be.
void check_unpacking(std::span<const std::byte> bytes) {
  if (bytes.size() < 3) return;
  EncodedShape encoded;
  encoded.compressed = (bytes[0] & std::byte{1}) != std::byte{0};
  encoded.raw_bytes = std::to_integer<std::uint32_t>(bytes[1]) | (std::to_integer<std::uint32_t>(bytes[2]) << 8U);
  encoded.body.assign(bytes.begin() + 3, bytes.end());
  const auto unpacked = unpack_shape(encoded);
  if (!unpacked) return;
  Shape canonical = unpacked->shape;
  canonicalize(canonical);
  check(canonical == unpacked->shape, "an unpacked shape is not in canonical order");
  const EncodedShape packed = pack_shape(unpacked->shape);
  if (packed.raw_bytes > kMaxShapeRawBytes) return;
  const auto again = unpack_shape(packed);
  check(again && again->shape == unpacked->shape, "unpack(pack(x)) is not x");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  check_message_law<AgentMessage>(bytes, decode_agent_message);
  check_message_law<Ack>(bytes, decode_ack);
  check_message_law<Join>(bytes, decode_join);
  check_message_law<Joined>(bytes, decode_joined);
  check_message_law<KeyOffer>(bytes, decode_key_offer);
  check_message_law<KeyNews>(bytes, decode_key_news);
  check_message_law<ChildMessage>(bytes, decode_child_message);
  check_message_law<BatchAck>(bytes, decode_batch_ack);
  check_law<Shape>(bytes, kMaxShapeRawBytes, decode_shape_raw, encode_shape_raw);
  check_key_kind(bytes);
  check_unpacking(bytes);
  return 0;
}
