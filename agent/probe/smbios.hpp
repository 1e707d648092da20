#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/probe/words.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// One slot with a memory module in it.
struct MemoryModule {
  std::optional<std::uint64_t> bytes;
  std::string type;                        ///< "DDR5", "HBM3", "persistent", ..; empty = not told
  std::optional<std::uint32_t> speed_mts;  ///< what it runs at where told, else what it could; transfers, 10^6 a second
  bool operator==(const MemoryModule&) const = default;
};

/// One socket with a processor in it.
struct SocketedProcessor {
  std::string model;  ///< empty = not told
  std::optional<std::uint32_t> max_mhz, current_mhz, cores;
  bool operator==(const SocketedProcessor&) const = default;
};

/// What firmware tells of the machine. Serial numbers are not read, and of the UUID only whether there is one.
struct Smbios {
  std::string manufacturer, product;      ///< empty = not told, or a maker's placeholder
  std::string board_manufacturer, board;  ///< likewise, as the next
  std::string bios_version, bios_date;
  bool has_uuid = false;
  std::uint32_t sockets = 0, slots = 0;       ///< with and without something in them
  std::vector<SocketedProcessor> processors;  ///< [socket that is filled]
  std::vector<MemoryModule> modules;          ///< [slot that is filled]
  /// Sum of the modules; absent when there is none, or when one does not tell its size.
  [[nodiscard]] std::optional<std::uint64_t> installed_bytes() const;
  bool operator==(const Smbios&) const = default;
};

inline constexpr const char* kSmbiosFile = "sys/firmware/dmi/tables/DMI";
inline constexpr std::size_t kMaxSmbiosBytes = 1 << 20;

/// Decodes the structures of a DMI table (DMTF DSP0134). Every structure is bounded by the table and by its own length; one that is cut
/// short ends the reading. Figures that cannot be are absent, with a problem each kind once. At most 4,096 structures. Pure.
/// Errors: kMalformed when not one whole structure is in it.
Result<Probed<Smbios>> parse_smbios(std::string_view table);

/// The table as far as parse_smbios reads it, which tells the same of both: no serial numbers, asset tags, other structures, nor the UUID
/// itself. Pure.
std::string without_secrets(std::string_view table);

/// Source:  sys/firmware/dmi/tables/DMI, which only root may read: kDenied or kAbsent is the common case and no problem of the machine.
/// Thread:  any. Cost: one file of some kilobytes.
Result<Probed<Smbios>> read_smbios(const HostRoot& root);

}  // namespace capmap
