#include "common/shape.hpp"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "common/codec.hpp"

namespace capmap {
namespace {

constexpr std::size_t kCompressOverBytes = 512;
constexpr int kZstdLevel = 9;
constexpr std::uint32_t kMaxRowCount = 65'536;  ///< what the codec takes; more of one thing is a probe gone wrong

/// Sorts rows and adds up the counts of those that differ in nothing else. `count` is compared last in every row, so such rows are
/// neighbours. Counts stop at kMaxRowCount; rows of nothing go.
template <class Row>
void merge_rows(std::vector<Row>& rows) {
  std::erase_if(rows, [](const Row& row) { return row.count == 0; });
  std::ranges::sort(rows);
  std::vector<Row> merged;
  for (Row& row : rows) {
    row.count = std::min(row.count, kMaxRowCount);
    Row alike = row;
    if (!merged.empty()) alike.count = merged.back().count;
    if (!merged.empty() && alike == merged.back()) {
      merged.back().count = std::min(merged.back().count + row.count, kMaxRowCount);
    } else {
      merged.push_back(std::move(row));
    }
  }
  rows = std::move(merged);
}

Result<Bytes> raw_of(const EncodedShape& encoded) {
  if (encoded.raw_bytes == 0 || encoded.raw_bytes > kMaxShapeRawBytes) {
    return Error{ErrorCode::kMalformed, "shape: raw size " + std::to_string(encoded.raw_bytes) + " is not 1 to 32768 bytes"};
  }
  if (!encoded.compressed) {
    if (encoded.body.size() != encoded.raw_bytes) return Error{ErrorCode::kMalformed, "shape: body is not as long as announced"};
    return encoded.body;
  }
  Bytes raw(encoded.raw_bytes);
  const std::size_t written = ZSTD_decompress(raw.data(), raw.size(), encoded.body.data(), encoded.body.size());
  if (ZSTD_isError(written) != 0) return Error{ErrorCode::kMalformed, std::string("shape: zstd: ") + ZSTD_getErrorName(written)};
  if (written != raw.size()) return Error{ErrorCode::kMalformed, "shape: decompressed body is not as long as announced"};
  return raw;
}

}  // namespace

void canonicalize(Shape& shape) {
  std::ranges::sort(shape.cpu.isa);
  shape.cpu.isa.erase(std::unique(shape.cpu.isa.begin(), shape.cpu.isa.end()), shape.cpu.isa.end());
  std::ranges::sort(shape.cpu.core_kinds,
                    [](const CoreKind& a, const CoreKind& b) { return a.cores != b.cores ? a.cores > b.cores : a < b; });
  merge_rows(shape.accelerators);
  merge_rows(shape.nics);
  merge_rows(shape.disks);
}

std::uint64_t rounded_memory_bytes(std::uint64_t memtotal_bytes) {
  const std::uint64_t step = std::max<std::uint64_t>(std::bit_floor(memtotal_bytes) / 64, 1);
  const std::uint64_t over = memtotal_bytes % step;
  if (over == 0 || memtotal_bytes > std::numeric_limits<std::uint64_t>::max() - (step - over)) return memtotal_bytes;
  return memtotal_bytes + (step - over);
}

EncodedShape pack_shape(const Shape& shape) {
  EncodedShape encoded;
  encoded.body = encode_shape_raw(shape);
  encoded.id = shape_id_of(encoded.body);
  encoded.raw_bytes = static_cast<std::uint32_t>(encoded.body.size());
  if (encoded.body.size() <= kCompressOverBytes) return encoded;
  Bytes packed(ZSTD_compressBound(encoded.body.size()));
  const std::size_t written = ZSTD_compress(packed.data(), packed.size(), encoded.body.data(), encoded.body.size(), kZstdLevel);
  if (ZSTD_isError(written) != 0 || written >= encoded.body.size()) return encoded;
  packed.resize(written);
  encoded.compressed = true;
  encoded.body = std::move(packed);
  return encoded;
}

Result<UnpackedShape> unpack_shape(const EncodedShape& encoded) {
  const auto raw = raw_of(encoded);
  if (!raw) return raw.error();
  auto shape = decode_shape_raw(*raw);
  if (!shape) return shape.error();
  canonicalize(*shape);
  return UnpackedShape{shape_id_of(*raw), std::move(*shape)};
}

}  // namespace capmap
