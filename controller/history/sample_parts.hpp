#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "controller/history/sample_block.hpp"
#include "controller/history/usage_sample.hpp"

namespace capmap {

/// Hours keep of each figure its mean, under its own name, and then the least and the greatest of all, then of all again.
inline constexpr std::size_t kHourLeast = kSampleColumnCount, kHourGreatest = kHourLeast + kSampleFigureCount;
inline constexpr std::size_t kHourColumnCount = kHourGreatest + kSampleFigureCount;

/// Columns of samples, or of hours.
const std::vector<BlockColumn>& sample_columns(bool hourly);
/// [column of a block] which of ours it is, by name; absent: none that we know.
std::vector<std::optional<std::size_t>> places_of(const std::vector<BlockColumn>& columns, bool hourly);

/// Samples [first, last) of one key as its hour; nothing where the key was not there at any of them. A mean is over all of them: while a
/// key is not there, there is nothing of it, so that means of hours add up; moments at which it is there and does not know are left out.
std::optional<BlockValues> fold_hour(const BlockValues& values, std::size_t times, std::size_t first, std::size_t last);

/// A block as tables keep it: of the keys from its first to the next part's.
struct SamplePart {
  std::string first_key;
  BlockBytes body;
};

inline std::span<const std::uint8_t> key_bytes(std::string_view key) {
  return {reinterpret_cast<const std::uint8_t*>(key.data()), key.size()};
}

/// Cuts what has many keys into blocks.
class PartWriter {
 public:
  PartWriter(const std::vector<std::uint64_t>& times, bool hourly) : block_(times, sample_columns(hourly)) {}
  void add(std::string_view key, const BlockValues& values);
  /// Those that are complete by now, each once.
  std::vector<SamplePart> take();
  /// Those that are left; of no keys at all one without keys, since there was a sample.
  std::vector<SamplePart> finish();

 private:
  void end_part();

  SampleBlockWriter block_;
  std::vector<SamplePart> parts_;
  bool any_ = false;
};

/// The blocks of one sample.
std::vector<SamplePart> parts_of(const UsageSample& sample);

}  // namespace capmap
