#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/messages.hpp"
#include "controller/map/cell_columns.hpp"
#include "controller/map/cold_store.hpp"
#include "controller/map/dense_index.hpp"

namespace capmap {

using RowIndex = std::uint32_t;                             ///< dense; a removed node's is given to the next that is let in
using ShapeIndex = std::uint32_t;                           ///< into ShapeTable; 0 = no shape known
inline constexpr ShapeIndex kMostShapes = (1U << 31U) - 1;  ///< what a row has room for

/// The scalar readings in one order: of Readings, of the sums in a Cell, and of the bits of a row's masks.
inline constexpr std::size_t kReadingCount = 8;
inline constexpr std::array<std::optional<std::uint32_t> Readings::*, kReadingCount> kReadingFields = {
    &Readings::cpu_busy_millicores, &Readings::memory_used_mib,      &Readings::storage_used_mb,       &Readings::storage_read_kbs,
    &Readings::storage_write_kbs,   &Readings::network_receive_kbps, &Readings::network_transmit_kbps, &Readings::power_watts};
enum ReadingIndex : std::uint8_t { kCpuBusy, kMemoryUsed, kStorageUsed, kPower = 7 };
inline constexpr std::uint32_t kMaxPowerWatts = 65'535;  ///< what a row has room for; no server takes more

/// Where a row stands. The words are bits of `flags`.
struct Place {
  static constexpr std::uint8_t kCounted = 1;          ///< in the map: known at start, or has said hello
  static constexpr std::uint8_t kHeard = 2;            ///< Talk::heard_ms is of this start
  static constexpr std::uint8_t kUsageTaken = 4;       ///< this run has said its usage
  static constexpr std::uint8_t kFactsContradict = 8;  ///< what it has cannot be (see findings_of, ShapePast)
  static constexpr std::uint8_t kMemoryKnown = 16;     ///< memory_total_mib holds
  static constexpr std::uint8_t kPusKnown = 32;        ///< Talk::pus_allowed holds
  static constexpr std::uint8_t kNamedInFull = 64;     ///< said hello since another shape shares its prefix
  static constexpr std::uint8_t kExcluded = 128;       ///< in no total: see Exclusion

  std::uint32_t site = 0;
  ShapeIndex shape : 31 = 0;
  bool unproven : 1 = false;  ///< findings that do not contradict: a part that the chip table does not list
  CellSlot cell = 0;
  std::uint16_t pool = 0;
  std::uint16_t interval_ds = 0;  ///< given to the node, in tenths of a second; 0 = none yet
  Liveness liveness : 2 = Liveness::kResyncing;
  ServiceState service : 3 = ServiceState::kInService;
  bool vacant : 1 = false;                       ///< its node was removed; the row waits for another
  bool elsewhere : 1 = false;                    ///< a virtual machine that is counted in its host: see GuestTable
  std::uint16_t insane : kReadingCount + 1 = 0;  ///< bit i: reading i was last refused; bit kReadingCount: the accelerators were
  std::uint8_t known = 0;                        ///< bit i: reading i is known
  std::uint8_t flags = 0;

  [[nodiscard]] bool is(std::uint8_t word) const { return (flags & word) != 0; }
  void set(std::uint8_t word, bool on) { flags = static_cast<std::uint8_t>(on ? flags | word : flags & ~word); }
};
static_assert(sizeof(Place) == 20, "a bit too many costs every node four bytes");

/// Which agent start is spoken with, and how far: what every message changes, side by side.
struct Talk {
  std::uint64_t run_id = 0;         ///< 0 = no hello yet
  std::uint64_t heard_ms : 48 = 0;  ///< Place::kHeard: boot_ms; else when it was seen before this start, unix ms; 0 = never
  std::uint64_t pus_allowed : 16 = 0;
  std::uint32_t session = 0, seq = 0;
  std::uint64_t revision : 48 = 0;
  std::uint64_t power_watts : 16 = 0;  ///< reading kPower
};

/// What is taken now, and the memory it is taken from.
struct Levels {
  std::array<std::uint32_t, kReadingCount - 1> readings{};  ///< all but kPower
  std::uint32_t memory_total_mib = 0;
};

/// What became of a node's accelerators; the devices of its shape that are in none of these have unknown use.
struct Devices {
  std::uint8_t used = 0, free = 0, unhealthy = 0;
};
inline constexpr std::size_t kMaxDevices = 255;  ///< what a row has room for; no server holds more

/// Nodes by dense row: struct of arrays, in chunks of 4,096 so that growth moves nothing, with the cold records and an index of ids
/// apart. A removed row stays where it is, vacant, until another node takes it. Owned by the map; one thread.
class NodeTable {
 public:
  static constexpr std::size_t kChunkRows = 4'096;
  static constexpr std::uint32_t kMostRows = DenseIndex::kMost;

  explicit NodeTable(bool cold_records = true);
  [[nodiscard]] std::optional<RowIndex> find(const NodeId& id) const;
  /// Adds a row for an id that has none.
  RowIndex add(const NodeId& id);
  /// Makes the index large enough for so many rows at once, where they come at once.
  void reserve(std::size_t rows);
  /// Forgets a node: its id, its readings and its cold record. Nothing of it is left in the row.
  void remove(RowIndex row);

  [[nodiscard]] std::size_t size() const { return rows_ - vacant_.size(); }  ///< nodes
  [[nodiscard]] std::size_t row_count() const { return rows_; }              ///< vacant ones included
  [[nodiscard]] std::size_t chunk_count() const { return chunks_.size(); }
  /// Bytes a row takes without its cold record, and the index's share at this moment.
  [[nodiscard]] static constexpr std::size_t hot_row_bytes();
  [[nodiscard]] std::size_t index_bytes() const { return index_.bytes(); }

  [[nodiscard]] const NodeId& id(RowIndex row) const { return at(row).ids[row % kChunkRows]; }
  Talk& talk(RowIndex row) { return at(row).talks[row % kChunkRows]; }
  [[nodiscard]] const Talk& talk(RowIndex row) const { return at(row).talks[row % kChunkRows]; }
  Place& place(RowIndex row) { return at(row).places[row % kChunkRows]; }
  [[nodiscard]] const Place& place(RowIndex row) const { return at(row).places[row % kChunkRows]; }
  Levels& levels(RowIndex row) { return at(row).levels[row % kChunkRows]; }
  [[nodiscard]] const Levels& levels(RowIndex row) const { return at(row).levels[row % kChunkRows]; }
  /// Reading i as it was last said; Place::known tells whether it holds.
  [[nodiscard]] std::uint32_t reading(RowIndex row, std::size_t i) const {
    return i == kPower ? static_cast<std::uint32_t>(talk(row).power_watts) : levels(row).readings[i];
  }
  void set_reading(RowIndex row, std::size_t i, std::uint32_t value) {
    if (i == kPower) {
      talk(row).power_watts = value & kMaxPowerWatts;
    } else {
      levels(row).readings[i] = value;
    }
  }
  Devices& devices(RowIndex row) { return at(row).devices[row % kChunkRows]; }
  [[nodiscard]] const Devices& devices(RowIndex row) const { return at(row).devices[row % kChunkRows]; }
  /// To change: the record stays open until another row's is asked for.
  ColdRecord& cold(RowIndex row) { return cold_.open(row); }
  [[nodiscard]] ColdRecord cold(RowIndex row) const { return cold_.copy(row); }
  [[nodiscard]] const ColdStore& cold_store() const { return cold_; }

 private:
  struct Chunk {
    std::array<NodeId, kChunkRows> ids;
    std::array<Talk, kChunkRows> talks;
    std::array<Place, kChunkRows> places;
    std::array<Levels, kChunkRows> levels;
    std::array<Devices, kChunkRows> devices;
  };

  Chunk& at(RowIndex row) { return *chunks_[row / kChunkRows]; }
  [[nodiscard]] const Chunk& at(RowIndex row) const { return *chunks_[row / kChunkRows]; }
  [[nodiscard]] auto hash_of_row() const {
    return [this](RowIndex row) { return IdHash{}(id(row)); };
  }

  std::vector<std::unique_ptr<Chunk>> chunks_;
  DenseIndex index_;
  ColdStore cold_;
  std::size_t rows_ = 0;
  std::vector<RowIndex> vacant_;
};

constexpr std::size_t NodeTable::hot_row_bytes() {
  return sizeof(NodeId) + sizeof(Talk) + sizeof(Place) + sizeof(Levels) + sizeof(Devices);
}
static_assert(NodeTable::hot_row_bytes() <= 110, "a hot row has outgrown its budget");

}  // namespace capmap
