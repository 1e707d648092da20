// Blocks of samples as history.db keeps them: an even first byte puts the rest there as a block, an odd one as the body that was packed.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/check.hpp"
#include "controller/history/sample_parts.hpp"

using namespace capmap;

namespace {

constexpr std::size_t kMostValues = 200'000;  ///< that are looked at of one input

void check_refusal(const Error& error) {
  check(error.code == ErrorCode::kMalformed, "a block was refused as something else");
  check(error.what.starts_with("sample block: "), "a refusal does not say what it is about");
}

/// Every other column alone is what it is among all.
void check_part(const SampleBlock& block, std::size_t key, const BlockValues& all) {
  const auto columns = block.columns().size(), times = block.times().size();
  std::vector<bool> wanted(columns);
  for (std::size_t column = 0; column < columns; column += 2) wanted[column] = true;
  BlockValues part;
  check(block.values(key, part, block.with_partners(wanted)).ok() && part.size() == all.size(), "what can be read cannot be in part");
  for (std::size_t i = 0; i < all.size(); ++i) check(!wanted[i / times] || part[i] == all[i], "a part is not of the whole");
}

/// What was read can be written, and is the same when it is read again.
void check_again(const SampleBlock& block) {
  const auto values_a_key = block.times().size() * block.columns().size();
  const auto keys = std::min(block.keys().size(), kMostValues / std::max<std::size_t>(values_a_key, 1));
  SampleBlockWriter writer(block.times(), block.columns());
  std::vector<BlockValues> all;
  for (std::size_t key = 0; key < keys; ++key) {
    BlockValues& values = all.emplace_back();
    if (const auto read = block.values(key, values); !read) return check_refusal(read.error());
    check_part(block, key, values);
    for (const auto& value : values) check(value.value_or(0) <= kMaxSampleValue, "a value is out of range");
    writer.add(block.keys()[key], values);
  }
  const auto again = SampleBlock::read(writer.finish());
  check(again.ok(), "what was written is not read");
  check(again->times() == block.times() && again->columns() == block.columns(), "moments or columns changed");
  for (std::size_t key = 0; key < keys; ++key) {
    BlockValues values;
    check(again->values(key, values).ok() && values == all[key] && again->keys()[key] == block.keys()[key], "a key changed");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::span(data, size).subspan(1);
  const auto block = data[0] % 2 == 0 ? SampleBlock::read(bytes) : SampleBlock::read_body({bytes.begin(), bytes.end()});
  if (!block) {
    check_refusal(block.error());
    return 0;
  }
  check(std::ranges::is_sorted(block->keys()) && std::ranges::is_sorted(block->times()), "keys or moments are in no order");
  check_again(*block);
  return 0;
}
