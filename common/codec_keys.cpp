#include "common/codec_keys.hpp"

#include <cstring>

#include "common/codec_parts.hpp"
#include "schemas/keys_generated.h"

namespace capmap {
namespace {

constexpr char kOfferId[] = "CMKO";
constexpr char kNewsId[] = "CMKN";
constexpr std::size_t kMaxKeyMessageBytes = 2'048, kKeyText = 40;
constexpr std::uint32_t kMaxMoveMs = 86'400'000;

bool has_identifier(std::span<const std::byte> bytes, const char* identifier) {
  constexpr std::size_t kAt = 4, kLength = 4;
  return bytes.size() >= kAt + kLength && std::memcmp(bytes.data() + kAt, identifier, kLength) == 0;
}

std::string read_key(const flatbuffers::String* text, FieldReader& reader, const char* field) {
  auto key = reader.text(text, field);
  reader.require(key.empty() || key.size() == kKeyText, field, "is no key of 40 characters");
  return key;
}

KeyOffer read_offer(const wire::KeyOffer& table, FieldReader& reader) {
  return {.next_public_key = read_key(table.next_public_key(), reader, "next_public_key"),
          .known_server_key = read_key(table.known_server_key(), reader, "known_server_key")};
}

KeyNews read_news(const wire::KeyNews& table, FieldReader& reader) {
  KeyNews news{.kept_key = read_key(table.kept_key(), reader, "kept_key"),
               .refused = reader.text(table.refused(), "refused"),
               .server_next_key = read_key(table.server_next_key(), reader, "server_next_key"),
               .server_next_port = table.server_next_port(),
               .rotate = table.rotate(),
               .server_key = read_key(table.server_key(), reader, "server_key"),
               .move_to_port = table.move_to_port(),
               .move_within_ms = table.move_within_ms()};
  reader.require(news.move_within_ms <= kMaxMoveMs, "move_within_ms", "is over a day");
  reader.require(news.server_next_key.empty() == (news.server_next_port == 0), "server_next_port", "stands with a key, and only with one");
  return news;
}

}  // namespace

Bytes encode(const KeyOffer& message) {
  Builder builder(128);
  const auto next = put_text(builder, message.next_public_key), known = put_text(builder, message.known_server_key);
  return finish(builder, wire::CreateKeyOffer(builder, next, known), kOfferId);
}

Bytes encode(const KeyNews& message) {
  Builder builder(256);
  const auto kept = put_text(builder, message.kept_key), refused = put_text(builder, message.refused),
             next = put_text(builder, message.server_next_key), server = put_text(builder, message.server_key);
  return finish(builder,
                wire::CreateKeyNews(builder, kept, refused, next, message.server_next_port, message.rotate, server, message.move_to_port,
                                    message.move_within_ms),
                kNewsId);
}

Result<KeyOffer> decode_key_offer(std::span<const std::byte> bytes) {
  Bytes memory;
  const auto received = receive_bytes(bytes, kMaxKeyMessageBytes, "key offer", memory);
  if (!received) return received.error();
  return decode_kind<KeyOffer, wire::KeyOffer>(*received, kOfferId, "key offer", read_offer);
}

Result<KeyNews> decode_key_news(std::span<const std::byte> bytes) {
  Bytes memory;
  const auto received = receive_bytes(bytes, kMaxKeyMessageBytes, "key news", memory);
  if (!received) return received.error();
  return decode_kind<KeyNews, wire::KeyNews>(*received, kNewsId, "key news", read_news);
}

bool is_key_offer(std::span<const std::byte> bytes) {
  return has_identifier(bytes, kOfferId);
}

bool is_key_news(std::span<const std::byte> bytes) {
  return has_identifier(bytes, kNewsId);
}

}  // namespace capmap
