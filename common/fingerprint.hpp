#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace capmap {

/// One of the things that tell a machine from its equals, hashed with the operator's salt: agents with one salt make the same number of
/// the same thing, and what it was is not told. Never a key: two machines may have the same address by mistake.
using Fingerprint = std::uint64_t;

inline constexpr std::size_t kMaxFingerprints = 64;          ///< a machine says of itself
inline constexpr std::size_t kMaxGuestFingerprints = 2'048;  ///< and of its guests: four each of 512

/// Of a network port's address ("52:54:00:12:34:56"): of its last five bytes, since the host's end of a guest's port often differs from
/// the guest's in the first byte alone. Absent: no address, that of a group, or one that says nothing (all bits alike). Pure.
std::optional<Fingerprint> mac_fingerprint(std::string_view salt, std::string_view address);

/// Of a machine's UUID, with or without dashes, in either case; both orders of bytes that firmware is read in are one. Absent: no UUID, or
/// one that firmware fills in where it has none. Pure.
std::optional<Fingerprint> uuid_fingerprint(std::string_view salt, std::string_view uuid);

/// Of a serial number, letters of either case being one. Absent: under four characters, or all alike. What makers write in place of one is
/// the caller's to leave out. Pure.
std::optional<Fingerprint> serial_fingerprint(std::string_view salt, std::string_view serial);

}  // namespace capmap
