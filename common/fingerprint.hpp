#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace capmap {

/// One of the things that tell a machine from its equals, hashed with the operator's salt: agents with one salt make the same number of
/// the same thing, and what it was is not told. Never a key: two machines may have the same address by mistake.
using Fingerprint = std::uint64_t;

/// What tells one machine from all others, whoever on it asks: equality of either says that two agents run on one machine. Two, because an
/// agent that was not begun by systemd may read no UUID, and one whose machine got another card sees other ports: each alone would not
/// be the same for both.
///   uuid   uuid_fingerprint of the machine's UUID; a container's is its host's, which is what it should say.
///   ports  ports_fingerprint of a bare machine. A virtual machine has none: hypervisors and clouds make its addresses by rule (from its
///          private address, say), so that equal ones prove nothing.
struct MachineMarks {
  std::optional<Fingerprint> uuid{}, ports{};
  [[nodiscard]] bool any() const { return uuid.has_value() || ports.has_value(); }
  bool operator==(const MachineMarks&) const = default;
};

inline constexpr std::size_t kMaxFingerprints = 64;          ///< a machine says of itself
inline constexpr std::size_t kMaxGuestFingerprints = 2'048;  ///< and of its guests: four each of 512

/// Of a network port's address ("52:54:00:12:34:56"): of its last five bytes, since the host's end of a guest's port often differs from
/// the guest's in the first byte alone. Absent: no address, that of a group, or one that says nothing (all bits alike). Pure.
std::optional<Fingerprint> mac_fingerprint(std::string_view salt, std::string_view address);

/// Of all addresses of a machine's ports together, in whatever order, each once. Addresses that say nothing, those of groups, and those
/// that no maker gave (locally administered: made up by drivers, or alike on all boards) are left out. Absent: none is left. Pure.
std::optional<Fingerprint> ports_fingerprint(std::string_view salt, const std::vector<std::string>& addresses);

/// Of a machine's UUID, with or without dashes, in either case; both orders of bytes that firmware is read in are one. Absent: no UUID, or
/// one that firmware fills in where it has none. Pure.
std::optional<Fingerprint> uuid_fingerprint(std::string_view salt, std::string_view uuid);

/// Of a serial number, letters of either case being one. Absent: under four characters, or all alike. What makers write in place of one is
/// the caller's to leave out. Pure.
std::optional<Fingerprint> serial_fingerprint(std::string_view salt, std::string_view serial);

}  // namespace capmap
