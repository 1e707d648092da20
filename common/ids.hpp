#pragma once
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace capmap {

/// 128 opaque bits with a one-letter family: printed as prefix, '-', and 26 lower-case base32 characters (RFC 4648, no padding).
/// Ids hold no capacity and never change. The text form is unique: other spellings are refused when parsed.
template <char Prefix>
struct Id {
  static constexpr char kPrefix = Prefix;
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const Id&) const = default;
};

using NodeId = Id<'n'>;
using SiteId = Id<'s'>;
using PoolId = Id<'p'>;
using ControllerId = Id<'c'>;
using LeaseId = Id<'l'>;
using ShapeId = Id<'h'>;

/// Text of 16 bytes behind a prefix: 28 characters.
std::string id_text(char prefix, const std::array<std::uint8_t, 16>& bytes);
/// Reads what id_text wrote. Errors: kMalformed, naming what is wrong (prefix, length, character, spare bits).
Result<std::array<std::uint8_t, 16>> id_bytes(char prefix, std::string_view text);
/// 16 bytes from the kernel's random source (libsodium). Thread: any.
std::array<std::uint8_t, 16> random_id_bytes();
/// 64 random bits, never 0 (0 means "none" on the wire).
std::uint64_t random_u64();

template <char P>
std::string to_text(const Id<P>& id) {
  return id_text(P, id.bytes);
}

template <class IdType>
Result<IdType> parse_id(std::string_view text) {
  auto bytes = id_bytes(IdType::kPrefix, text);
  if (!bytes) return bytes.error();
  return IdType{*bytes};
}

template <class IdType>
IdType random_id() {
  return IdType{random_id_bytes()};
}

/// First 8 bytes of a shape's id, as heartbeats and usage carry it. Little-endian load, the same on every machine.
std::uint64_t shape_prefix(const ShapeId& id);

/// Ids are random, so their first bytes are a good hash.
struct IdHash {
  template <char P>
  std::size_t operator()(const Id<P>& id) const {
    std::size_t h = 0;
    std::memcpy(&h, id.bytes.data(), sizeof h);
    return h;
  }
};

}  // namespace capmap
