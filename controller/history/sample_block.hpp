#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace capmap {

/// Samples of some groups at some moments as one run of bytes:
///   "CMSB", version 1, bytes of the body (varint), the body compressed by zstd. The body, of varints (LEB128) and texts (length, bytes):
///   moments: count, the first as unix ms, then differences; columns: count, each its name and 1 + the column it stands beside (0 = none);
///   keys: count, ascending, each as bytes it has in common with the key before, and the rest; for each key how many bytes its values take;
///   then the values, key by key, column by column: 0 (known at no moment), 1 and the value (the same at all), or 2 and for each moment 0
///   (not known) or 1 + zigzag(value - the one known before). A column that stands beside another holds the sum of both where that one is
///   known: what is used and what is free move against each other, and their sum hardly does.
/// A key's values are found without reading those before it. Pure.

inline constexpr std::size_t kMaxBlockTimes = 2'048, kMaxBlockColumns = 256, kMaxBlockKeys = 65'536, kMaxBlockKeyBytes = 2'048;
inline constexpr std::size_t kMaxBlockBodyBytes = std::size_t{16} << 20;

struct BlockColumn {
  std::string name;
  std::optional<std::size_t> beside{};  ///< a column that stands beside none itself
  bool operator==(const BlockColumn&) const = default;
};
/// [column * moments + moment], at most kMaxSampleValue each.
using BlockValues = std::vector<std::optional<std::uint64_t>>;
using BlockBytes = std::vector<std::uint8_t>;

class SampleBlockWriter {
 public:
  /// Moments ascending.
  SampleBlockWriter(std::vector<std::uint64_t> times, std::vector<BlockColumn> columns);
  /// Keys ascending, at most kMaxBlockKeyBytes.
  void add(std::string_view key, const BlockValues& values);
  [[nodiscard]] bool empty() const { return keys_.empty(); }
  /// True when a block of this size should be ended: small ones compress badly, of large ones much is unpacked for one key.
  [[nodiscard]] bool is_full() const;
  [[nodiscard]] const std::vector<std::string>& keys() const { return keys_; }
  /// The block, and a writer that is empty again.
  BlockBytes finish();

 private:
  void put_column(std::size_t column, const BlockValues& values);

  std::vector<std::uint64_t> times_;
  std::vector<BlockColumn> columns_;
  std::vector<std::string> keys_;
  std::vector<std::size_t> sizes_;  ///< [key] bytes of values
  BlockBytes values_;
};

/// A block that was checked as far as its tables go; values are checked when they are read.
class SampleBlock {
 public:
  /// Errors: kMalformed: no block, of a newer version, damaged, or beyond what any block of ours has.
  static Result<SampleBlock> read(std::span<const std::uint8_t> bytes);
  /// The same of a body that was unpacked before.
  static Result<SampleBlock> read_body(BlockBytes body);

  [[nodiscard]] const std::vector<std::uint64_t>& times() const { return times_; }
  [[nodiscard]] const std::vector<BlockColumn>& columns() const { return columns_; }
  [[nodiscard]] const std::vector<std::string>& keys() const { return keys_; }
  /// Which of [column] are to be read for those that are asked for: these, and what they stand beside.
  [[nodiscard]] std::vector<bool> with_partners(std::vector<bool> wanted) const;
  /// A key's values; of columns that are not wanted none (see with_partners; empty: all are). Errors: kMalformed.
  Result<Done> values(std::size_t key, BlockValues& into, const std::vector<bool>& wanted = {}) const;

 private:
  std::vector<std::uint64_t> times_;
  std::vector<BlockColumn> columns_;
  std::vector<std::string> keys_;
  std::vector<std::size_t> ends_;  ///< [key] where its values end in the body
  std::size_t begin_ = 0;          ///< where those of the first begin
  BlockBytes body_;
};

}  // namespace capmap
