#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/messages.hpp"

namespace capmap {

/// What is looked at rarely: kept as it was said.
struct ColdRecord {
  std::string joined_hostname;
  Hello hello;  ///< without envelope and time; shape_id only until the shape is known
  std::optional<std::int64_t> clock_skew_ms;
  std::vector<AcceleratorUse> accelerators;
  std::vector<SharedFileSystem> file_systems;
  std::optional<std::uint32_t> cpu_steal_millicores, load_centi;
  std::vector<DeviceTraffic> disk_traffic, nic_traffic;  ///< [hello.disk_names], [hello.nic_names]
  std::vector<Problem> usage_problems;
  std::vector<std::pair<std::uint8_t, std::string>> insane_reasons;  ///< (bit of Place::insane, why)
  std::vector<std::uint64_t> old_runs;                               ///< newest last, at most kOldRuns
  std::vector<std::uint64_t> new_shapes_ms;                          ///< when it taught us a shape, within the last hour
  std::vector<std::uint64_t> renamed_ms;                             ///< when its hello named other hardware, within the last hour
  std::uint8_t excluded = 0;                                         ///< by Exclusion
  std::uint64_t flood_until_ms = 0;                                  ///< it counts as flooding
  std::optional<std::string> goodbye;                                ///< the reason of its bye, until it speaks again
};

/// Cold records packed to bytes, one allocation a row that has something to say. What equal servers say alike (OS, kernel, versions,
/// names of devices, problems) is kept once for all of them and counted. One record is open at a time. One thread.
class ColdStore {
 public:
  /// Without `everything` only what the map's own rules need is kept: old runs, shapes taught, an unknown shape's id, goodbyes.
  explicit ColdStore(bool everything) : everything_(everything) {}
  [[nodiscard]] bool everything() const { return everything_; }
  /// Opens a record for reading and changing; it stays good until another row is opened.
  ColdRecord& open(std::uint32_t row);
  /// Frees what is kept of the row.
  void forget(std::uint32_t row);
  [[nodiscard]] ColdRecord copy(std::uint32_t row) const;
  /// Bytes of packed records and shared parts, without what the allocator adds.
  [[nodiscard]] std::size_t bytes() const { return packed_bytes_ + shared_bytes_; }

 private:
  static constexpr std::size_t kChunkRows = 4'096;
  using Packed = std::unique_ptr<char[]>;  ///< size in the first bytes, then fields; null = nothing said
  struct Shared {
    std::unique_ptr<const std::string> bytes;
    std::uint32_t users = 0;
  };

  void close();
  void put(std::uint32_t row, std::string_view bytes);
  [[nodiscard]] std::string_view get(std::uint32_t row) const;
  [[nodiscard]] std::string pack(const ColdRecord& record);
  [[nodiscard]] ColdRecord unpack(std::string_view bytes) const;
  std::uint32_t share(std::string bytes);
  void unshare(std::string_view packed);

  bool everything_;
  std::vector<std::unique_ptr<std::array<Packed, kChunkRows>>> chunks_;
  std::vector<Shared> shared_;
  std::unordered_map<std::string_view, std::uint32_t> shared_numbers_;  ///< keys lie in shared_
  std::vector<std::uint32_t> shared_free_;
  std::size_t packed_bytes_ = 0, shared_bytes_ = 0;
  std::optional<std::uint32_t> open_row_;
  ColdRecord open_;
};

}  // namespace capmap
