#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "common/fingerprint.hpp"
#include "controller/map/dense_index.hpp"
#include "controller/map/node_table.hpp"

namespace capmap {

/// Which rows say the same mark. A row that says one costs some 12 bytes: eight in a column by row (in chunks of 4,096, made where one of
/// them says any) and an entry of an index, which holds the row of each mark that one row alone says; marks that several say stand apart,
/// and cost what those rows do. Owned by DoubleTable; one thread; pure.
class MarkTable {
 public:
  /// What more rows have tells nobody from others: it makes no pairs. Twice as many are known by row, so that pairs come back at once
  /// when some of them leave; what is beyond that comes back when it is said again.
  static constexpr std::size_t kMostAlike = 8, kMostListed = 2 * kMostAlike;

  struct Saying {
    RowIndex row = 0;
    std::uint64_t since_unix_ms = 0;  ///< 0: before the others, or before this start
  };

  /// 0 = none.
  [[nodiscard]] Fingerprint mark(RowIndex row) const;
  /// In place of what the row said before; 0 = nothing.
  void put(RowIndex row, Fingerprint mark, std::uint64_t since_unix_ms);
  /// Makes room for so many rows at once, where they come at once.
  void reserve(std::size_t rows);
  /// Does another row say the same, however many do?
  [[nodiscard]] bool shares(RowIndex row) const { return !shared_.empty() && mark(row) != 0 && shared_.contains(mark(row)); }
  /// take(rows): of each mark that more than one row says and not too many, in no order.
  template <class Take>
  void each_alike(Take take) const {
    for (const auto& [mark, shared] : shared_) {
      if (shared.rows.size() > 1 && shared.rows.size() + shared.beyond <= kMostAlike) take(shared.rows);
    }
  }
  /// Rows that said a mark which too many say.
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  /// Of the column and the index.
  [[nodiscard]] std::size_t bytes() const;

 private:
  static constexpr std::size_t kChunkRows = NodeTable::kChunkRows;
  using Chunk = std::array<Fingerprint, kChunkRows>;
  struct Shared {
    std::vector<Saying> rows;
    std::size_t beyond = 0;  ///< rows that are not listed
  };
  using SharedMarks = std::unordered_map<Fingerprint, Shared>;

  void set(RowIndex row, Fingerprint mark);
  void enter(RowIndex row, Fingerprint mark, std::uint64_t since_unix_ms);
  void leave(RowIndex row, Fingerprint mark);
  /// A row that was not listed says its mark again.
  void list(RowIndex row, Fingerprint mark, std::uint64_t since_unix_ms);
  /// One row alone says it now, or none.
  void calm(SharedMarks::iterator at);
  [[nodiscard]] auto mark_of_row() const {
    return [this](RowIndex row) { return static_cast<std::size_t>(mark(row)); };
  }

  std::vector<std::unique_ptr<Chunk>> chunks_;  ///< [row / kChunkRows]; null = none of them says one
  DenseIndex single_;
  SharedMarks shared_;
  std::uint64_t refused_ = 0;
};

}  // namespace capmap
