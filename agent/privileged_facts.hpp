#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/fingerprint.hpp"
#include "common/result.hpp"

namespace capmap {

/// What root alone may read of this machine, as `capmap-probe privileged` kept it before the service began (ExecStartPre=+): so the service
/// needs no capability. Serial numbers and UUIDs only as hashes.
struct PrivilegedFacts {
  std::string boot_id;        ///< of the boot it was read in: a state folder that was copied to another machine tells nothing there
  Fingerprint salt_mark = 0;  ///< by which the reader sees whether `uuid` and `serial` were hashed with its own salt
  std::optional<Fingerprint> uuid, serial;
  std::string container;  ///< "none", "docker", …; empty = not told
  std::string smbios;     ///< firmware's table without its secrets (agent/probe/smbios.hpp); empty = there is none
  bool operator==(const PrivilegedFacts&) const = default;
};

inline constexpr std::size_t kMostPrivilegedTableBytes = 64 * 1024;

/// <state>/privileged.facts
std::string privileged_path(const std::string& state);
/// A number that is the salt's own and tells nothing of it.
Fingerprint salt_mark(std::string_view salt);
/// This boot's id; empty where the kernel does not tell.
std::string current_boot_id();

/// Lines "KEY VALUE" behind a head line. Pure.
std::string privileged_text(const PrivilegedFacts& facts);
/// Of such a text: lines with other keys are a later version's and left out. Errors: kMalformed with the line. Pure.
Result<PrivilegedFacts> parse_privileged_facts(std::string_view text);
/// Reads a file of this boot. Errors: kAbsent (none, or another boot's), kDenied, kFull (longer than one can be), kMalformed.
Result<PrivilegedFacts> read_privileged_facts(const std::string& path);

}  // namespace capmap
