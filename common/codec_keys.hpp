#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "common/messages.hpp"
#include "common/result.hpp"

namespace capmap {

/// How keys change on a link that stands: what an agent offers, and what the controller has to say of keys (schemas/keys.fbs). Apart from
/// the messages about machines: they are rare, and none of the map's business.

/// An agent's answer to news of keys, and what it would like to be known by from now on.
struct KeyOffer {
  std::string next_public_key{};   ///< Z85; empty: it keeps the key it has
  std::string known_server_key{};  ///< Z85: the server's next key, as the agent keeps it; empty: it knows of none
  bool operator==(const KeyOffer&) const = default;
};

struct KeyNews {
  std::string kept_key{};         ///< Z85: the offered key, let in from now on; durable
  std::string refused{};          ///< why an offered key is not
  std::string server_next_key{};  ///< Z85; empty: none is announced
  std::uint16_t server_next_port = 0;
  bool rotate = false;               ///< offer another key now
  std::string server_key{};          ///< Z85, of the message port; empty: not said
  std::uint16_t move_to_port = 0;    ///< of the same host: where to be connected; 0: where it is
  std::uint32_t move_within_ms = 0;  ///< at a moment of its own choice within this time
  bool operator==(const KeyNews&) const = default;
};

Bytes encode(const KeyOffer& message);
Bytes encode(const KeyNews& message);
/// Errors: kMalformed, as of every decode (common/codec.hpp); also a key that is none.
Result<KeyOffer> decode_key_offer(std::span<const std::byte> bytes);
Result<KeyNews> decode_key_news(std::span<const std::byte> bytes);
/// By the identifier alone, so that other messages cost nothing more.
bool is_key_offer(std::span<const std::byte> bytes);
bool is_key_news(std::span<const std::byte> bytes);

}  // namespace capmap
