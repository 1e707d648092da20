#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "common/chip_table.hpp"
#include "controller/map/map_view.hpp"
#include "controller/map/node_table.hpp"

namespace capmap {

/// What applying a message needs of a hardware row, at hand.
struct HardwareFacts {
  std::optional<std::uint32_t> pus;
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::uint64_t> disks_bytes;        ///< absent where there is no disk or the size of one is not known
  std::uint32_t accelerators = 0;                  ///< devices, all kinds
  std::optional<std::uint64_t> accelerator_bytes;  ///< of the largest one; absent where there is none or the memory of one is not known
  std::optional<std::string> absurd{};             ///< why no server can have it
  std::optional<std::uint32_t> watts{};            ///< that a server of these parts takes at most
};
HardwareFacts facts_of(const Shape& shape);

/// Shapes kept once by id, and hardware rows: shapes that decode to the same hardware share one, rated once. Row 0 is "no shape".
/// A shape no node uses is forgotten after a day; its hardware row's place is used again when no shape is left on it.
/// Owned by the map; one thread.
class ShapeTable {
 public:
  static constexpr std::uint64_t kForgetAfterMs = 24ULL * 3'600 * 1'000;
  static constexpr std::size_t kMostRows = 16'384;  ///< of hardware; shapes beyond are kept, and what they are is unknown (row 0)

  /// Without a chip table nothing is rated, and the rows say so.
  explicit ShapeTable(std::shared_ptr<const ChipTable> chips);

  [[nodiscard]] std::optional<ShapeIndex> find(const ShapeId& id) const;
  /// Keeps a shape that find() does not know. Cost: rates it when its hardware is new.
  ShapeIndex intern(const ShapeId& id, Shape shape, std::uint64_t now_ms);

  /// Rates all hardware with another table from now on: rows that somebody rated with it already are taken as they are. [hardware index]
  /// whether what its nodes are held against is another than before.
  std::vector<bool> rate_anew(std::shared_ptr<const ChipTable> chips, const RatedHardware& ready);

  /// A node is bound to the shape, or no longer. 0 is allowed and does nothing.
  void bind(ShapeIndex shape);
  void unbind(ShapeIndex shape, std::uint64_t now_ms);
  /// Forgets what has been unused for a day. Cost: only what has come of age.
  void forget_unused(std::uint64_t now_ms);

  [[nodiscard]] const ShapeId& id(ShapeIndex shape) const { return shapes_[shape].id; }
  [[nodiscard]] std::uint64_t prefix(ShapeIndex shape) const { return shapes_[shape].prefix; }
  /// Another known shape has the same prefix, so the prefix alone does not tell them apart.
  [[nodiscard]] bool prefix_shared(ShapeIndex shape) const;
  [[nodiscard]] std::uint32_t hardware(ShapeIndex shape) const { return shapes_[shape].hardware; }
  [[nodiscard]] const HardwareFacts& facts(ShapeIndex shape) const { return facts_[shapes_[shape].hardware]; }
  /// [hardware index]; 0 is null.
  [[nodiscard]] const std::vector<std::shared_ptr<const HardwareRow>>& rows() const { return rows_; }
  /// Grows whenever a row is written.
  [[nodiscard]] std::uint64_t version() const { return version_; }
  [[nodiscard]] std::size_t shape_count() const { return by_id_.size(); }
  [[nodiscard]] std::size_t row_count() const { return rows_.size() - 1 - free_rows_.size(); }

 private:
  struct Entry {
    ShapeId id;
    std::uint64_t prefix = 0;
    std::uint32_t hardware = kNoHardware;
    std::uint32_t nodes = 0;
    std::uint64_t unused_since_ms = 0;
    bool waits_in_unused = false;
  };

  struct Unused {
    std::uint64_t due_ms = 0;  ///< when to look at it again
    ShapeIndex shape = 0;
  };

  std::uint32_t row_of(Shape shape);
  void watch_unused(ShapeIndex shape, std::uint64_t since_ms);
  void forget(ShapeIndex shape);

  std::shared_ptr<const ChipTable> chips_;
  std::vector<Entry> shapes_;  ///< [shape]; 0 is never used
  std::vector<ShapeIndex> free_shapes_;
  std::unordered_map<ShapeId, ShapeIndex, IdHash> by_id_;
  std::unordered_map<std::uint64_t, std::uint32_t> shapes_by_prefix_;
  std::deque<Unused> unused_;  ///< each shape at most once
  std::vector<std::shared_ptr<const HardwareRow>> rows_;
  std::uint64_t version_ = 0;
  std::vector<HardwareFacts> facts_;          ///< [hardware]
  std::vector<std::uint32_t> shapes_on_row_;  ///< [hardware]
  std::vector<std::uint32_t> free_rows_;
  std::unordered_multimap<std::uint64_t, std::uint32_t> rows_by_hash_;
};

}  // namespace capmap
