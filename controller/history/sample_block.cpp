#include "controller/history/sample_block.hpp"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/check.hpp"
#include "controller/history/usage_sample.hpp"
#include "controller/history/varints.hpp"

namespace capmap {
namespace {

constexpr std::array<std::uint8_t, 5> kMagic = {'C', 'M', 'S', 'B', 1};
constexpr int kZstdLevel = 3;  ///< varints hold little that more work would find: 1 % less at level 6
constexpr std::size_t kFullBytes = 64 * 1024;
constexpr std::size_t kMaxNameBytes = 128;
constexpr std::uint64_t kMaxTime = std::uint64_t{1} << 53;
constexpr std::uint64_t kAbsent = 0, kConstant = 1, kMoving = 2;
constexpr std::uint64_t kMaxKept = 2 * kMaxSampleValue;  ///< a value and the one it stands beside

Error damaged(const char* what) {
  return {ErrorCode::kMalformed, std::string("sample block: ") + what};
}

/// What a column's values are kept as.
class Kept {
 public:
  Kept(const std::vector<BlockColumn>& columns, std::size_t times, std::size_t column, const BlockValues& values)
      : own_(values.data() + column * times), beside_(columns[column].beside ? values.data() + *columns[column].beside * times : nullptr) {}
  std::optional<std::uint64_t> operator[](std::size_t time) const {
    if (!own_[time] || beside_ == nullptr || !beside_[time]) return own_[time];
    return *own_[time] + *beside_[time];
  }

 private:
  const std::optional<std::uint64_t>* own_;
  const std::optional<std::uint64_t>* beside_;
};

}  // namespace

SampleBlockWriter::SampleBlockWriter(std::vector<std::uint64_t> times, std::vector<BlockColumn> columns)
    : times_(std::move(times)), columns_(std::move(columns)) {
  check(!times_.empty() && times_.size() <= kMaxBlockTimes, "a block has moments, and not too many");
  check(std::ranges::adjacent_find(times_, std::greater_equal<>()) == times_.end(), "moments of a block ascend");
  check(columns_.size() <= kMaxBlockColumns, "a block has not too many columns");
}

bool SampleBlockWriter::is_full() const {
  return values_.size() >= kFullBytes || keys_.size() >= kMaxBlockKeys / 4;
}

void SampleBlockWriter::add(std::string_view key, const BlockValues& values) {
  check(values.size() == times_.size() * columns_.size(), "a key of a block has a value for each column and moment");
  check(key.size() <= kMaxBlockKeyBytes && (keys_.empty() || keys_.back() < key), "keys of a block ascend");
  const auto before = values_.size();
  for (std::size_t column = 0; column < columns_.size(); ++column) put_column(column, values);
  keys_.emplace_back(key);
  sizes_.push_back(values_.size() - before);
}

void SampleBlockWriter::put_column(std::size_t column, const BlockValues& values) {
  const Kept kept(columns_, times_.size(), column, values);
  const auto first = kept[0];
  bool same = true;
  for (std::size_t time = 1; time < times_.size() && same; ++time) same = kept[time] == first;
  if (same) {
    put_varint(values_, first ? kConstant : kAbsent);
    if (first) put_varint(values_, *first);
    return;
  }
  put_varint(values_, kMoving);
  std::uint64_t last = 0;
  for (std::size_t time = 0; time < times_.size(); ++time) {
    const auto value = kept[time];
    if (value) check(*value <= kMaxKept, "a value of a block is too great");
    put_varint(values_, value ? 1 + zigzag(static_cast<std::int64_t>(*value - last)) : 0);
    last = value.value_or(last);
  }
}

BlockBytes SampleBlockWriter::finish() {
  BlockBytes body;
  const auto put_text = [&body](std::string_view text) {
    put_varint(body, text.size());
    body.insert(body.end(), text.begin(), text.end());
  };
  put_varint(body, times_.size());
  for (std::size_t i = 0; i < times_.size(); ++i) put_varint(body, times_[i] - (i == 0 ? 0 : times_[i - 1]));
  put_varint(body, columns_.size());
  for (const auto& column : columns_) {
    put_text(column.name);
    put_varint(body, column.beside ? *column.beside + 1 : 0);
  }
  put_varint(body, keys_.size());
  std::string_view before;
  for (const std::string_view key : keys_) {
    const auto common = static_cast<std::size_t>(std::ranges::mismatch(before, key).in1 - before.begin());
    put_varint(body, common);
    put_text(key.substr(common));
    before = key;
  }
  for (const auto size : sizes_) put_varint(body, size);
  body.insert(body.end(), values_.begin(), values_.end());

  BlockBytes bytes(kMagic.begin(), kMagic.end());
  put_varint(bytes, body.size());
  const auto head = bytes.size();
  bytes.resize(head + ZSTD_compressBound(body.size()));
  const auto written = ZSTD_compress(bytes.data() + head, bytes.size() - head, body.data(), body.size(), kZstdLevel);
  check(ZSTD_isError(written) == 0, "zstd has room for any body");
  bytes.resize(head + written);
  keys_.clear();
  sizes_.clear();
  values_.clear();
  return bytes;
}

Result<SampleBlock> SampleBlock::read(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kMagic.size() || !std::equal(kMagic.begin(), kMagic.end() - 1, bytes.begin())) return damaged("is none");
  if (bytes[kMagic.size() - 1] != kMagic.back()) return damaged("is of a version that this capmap does not know");
  VarintReader head(bytes.subspan(kMagic.size()));
  std::uint64_t size = 0;
  if (!head.read(size, kMaxBlockBodyBytes)) return damaged("its size has no meaning");
  const auto packed = bytes.last(head.left());
  // Asked before, so that nobody gets memory by a size alone.
  if (ZSTD_getFrameContentSize(packed.data(), packed.size()) != size) return damaged("is not as long as announced");
  BlockBytes body(size);
  const auto written = ZSTD_decompress(body.data(), body.size(), packed.data(), packed.size());
  if (ZSTD_isError(written) != 0) return damaged(ZSTD_getErrorName(written));
  if (written != size) return damaged("is not as long as announced");
  return read_body(std::move(body));
}

Result<SampleBlock> SampleBlock::read_body(BlockBytes body) {
  SampleBlock block;
  block.body_ = std::move(body);
  VarintReader reader(block.body_);
  std::uint64_t count = 0, number = 0;
  if (!reader.read(count, kMaxBlockTimes) || count == 0) return damaged("how many moments it has is no number, or too many");
  for (std::uint64_t time = 0; block.times_.size() < count; block.times_.push_back(time)) {
    if (!reader.read(number, kMaxTime - time) || (number == 0 && !block.times_.empty())) return damaged("its moments do not ascend");
    time += number;
  }
  if (!reader.read(count, kMaxBlockColumns)) return damaged("how many columns it has is no number, or too many");
  while (block.columns_.size() < count) {
    std::string_view name;
    if (!reader.read(name, kMaxNameBytes) || !reader.read(number, count)) return damaged("a column has no name");
    block.columns_.push_back({.name = std::string(name), .beside = {}});
    if (number > 0) block.columns_.back().beside = static_cast<std::size_t>(number - 1);
  }
  for (const auto& column : block.columns_) {
    if (column.beside && block.columns_[*column.beside].beside) return damaged("a column stands beside one that stands beside another");
  }
  if (!reader.read(count, kMaxBlockKeys)) return damaged("how many keys it has is no number, or too many");
  std::size_t key_bytes = 0;
  for (std::string key; block.keys_.size() < count; block.keys_.push_back(key)) {
    std::string_view rest;
    if (!reader.read(number, key.size()) || !reader.read(rest, kMaxBlockKeyBytes - number)) return damaged("a key has no meaning");
    key.replace(static_cast<std::size_t>(number), std::string::npos, rest);
    key_bytes += key.size();
    if (key_bytes > kMaxBlockBodyBytes) return damaged("its keys are too long");
    if (!block.keys_.empty() && block.keys_.back() >= key) return damaged("its keys do not ascend");
  }
  std::size_t end = 0;
  while (block.ends_.size() < count) {
    if (!reader.read(number, kMaxBlockBodyBytes)) return damaged("the size of a key's values is no number");
    end += static_cast<std::size_t>(number);
    if (end > kMaxBlockBodyBytes) return damaged("a key's values lie beyond its end");
    block.ends_.push_back(end);
  }
  if (end != reader.left()) return damaged("its values do not end where it ends");
  block.begin_ = block.body_.size() - end;
  for (auto& place : block.ends_) place += block.begin_;
  return block;
}

std::vector<bool> SampleBlock::with_partners(std::vector<bool> wanted) const {
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    if (wanted[column] && columns_[column].beside) wanted[*columns_[column].beside] = true;
  }
  return wanted;
}

Result<Done> SampleBlock::values(std::size_t key, BlockValues& into, const std::vector<bool>& wanted) const {
  const auto begin = key == 0 ? begin_ : ends_[key - 1];
  VarintReader reader(std::span<const std::uint8_t>(body_).subspan(begin, ends_[key] - begin));
  const auto times = times_.size();
  into.assign(columns_.size() * times, std::nullopt);
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    auto* const out = into.data() + column * times;
    std::uint64_t kind = 0, number = 0, last = 0;
    if (!reader.read(kind, kMoving)) return damaged("a column's values are of no known kind");
    if (!wanted.empty() && !wanted[column]) {
      if (!reader.skip(kind == kMoving ? times : kind)) return damaged("a value has no meaning");
      continue;
    }
    if (kind == kConstant) {
      if (!reader.read(last, kMaxKept)) return damaged("a value has no meaning");
      std::fill_n(out, times, last);
    }
    for (std::size_t time = 0; kind == kMoving && time < times; ++time) {
      if (!reader.read(number)) return damaged("a value has no meaning");
      if (number == 0) continue;
      last += static_cast<std::uint64_t>(unzigzag(number - 1));
      if (last > kMaxKept) return damaged("a value is too great");
      out[time] = last;
    }
  }
  if (reader.left() != 0) return damaged("a key has more values than columns");
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    auto* const out = into.data() + column * times;
    const auto* const beside = columns_[column].beside ? into.data() + *columns_[column].beside * times : nullptr;
    for (std::size_t time = 0; time < times; ++time) {
      if (!out[time]) continue;
      if (beside != nullptr && beside[time]) {
        if (*beside[time] > *out[time]) return damaged("a sum is less than its part");
        *out[time] -= *beside[time];
      }
      if (*out[time] > kMaxSampleValue) return damaged("a value is too great");
    }
  }
  return Done{};
}

}  // namespace capmap
