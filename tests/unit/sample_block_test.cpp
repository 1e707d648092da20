#include "controller/history/sample_block.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "controller/history/sample_parts.hpp"
#include "controller/history/varints.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;

namespace {

BlockValues values_of(const SampleBlock& block, std::size_t key) {
  BlockValues values;
  const auto read = block.values(key, values);
  INFO((read ? std::string() : read.error().what));
  REQUIRE(read);
  return values;
}

const std::vector<BlockColumn> kTwo = {{.name = "used", .beside = {}}, {.name = "free", .beside = 0}};

}  // namespace

TEST_CASE("varints: every number of 64 bits is read back, and no more than there is") {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, std::uint64_t{1} << 63, UINT64_MAX}) {
    std::vector<std::uint8_t> bytes;
    put_varint(bytes, value);
    std::uint64_t back = 1;
    VarintReader reader(bytes);
    CHECK(reader.read(back));
    CHECK(back == value);
    CHECK_FALSE(reader.read(back));
    if (bytes.size() == 1) continue;
    bytes.pop_back();
    CHECK_FALSE(VarintReader(bytes).read(back));
  }
  const std::vector<std::uint8_t> too_long(11, 0x80), too_great = {255, 255, 255, 255, 255, 255, 255, 255, 255, 2};
  std::uint64_t back = 0;
  CHECK_FALSE(VarintReader(too_long).read(back));
  CHECK_FALSE(VarintReader(too_great).read(back));
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1}, INT64_MIN, INT64_MAX}) {
    CHECK(unzigzag(zigzag(value)) == value);
  }
}

TEST_CASE("sample block: values that move, stay, are unknown or not there come back as they were") {
  SampleBlockWriter writer({1'000, 2'000, 5'000}, kTwo);
  const BlockValues moving = {7, 5, std::nullopt, 3, 5, 10}, still = {4, 4, 4, std::nullopt, std::nullopt, std::nullopt};
  const BlockValues late = {std::nullopt, std::nullopt, kMaxSampleValue, std::nullopt, 0, kMaxSampleValue};
  writer.add("", moving);
  writer.add("a", still);
  writer.add("ab", late);
  const auto block = SampleBlock::read(writer.finish());
  REQUIRE(block);
  CHECK(block->times() == std::vector<std::uint64_t>{1'000, 2'000, 5'000});
  CHECK(block->columns() == kTwo);
  CHECK(block->keys() == std::vector<std::string>{"", "a", "ab"});
  CHECK(values_of(*block, 2) == late);  // the last one first: each is found by itself
  CHECK(values_of(*block, 0) == moving);
  CHECK(values_of(*block, 1) == still);
  BlockValues some;
  REQUIRE(block->values(2, some, block->with_partners({false, true})));
  CHECK(some == late);  // what is free stands beside what is used
  REQUIRE(block->values(0, some, block->with_partners({true, false})));
  CHECK(some == BlockValues{7, 5, std::nullopt, std::nullopt, std::nullopt, std::nullopt});
  CHECK(writer.empty());
  const auto none = SampleBlock::read(writer.finish());
  REQUIRE(none);
  CHECK(none->keys().empty());
  CHECK(none->times().size() == 3);
}

TEST_CASE("sample block: what is damaged anywhere is refused or read as something in range, and never crashes") {
  SampleBlockWriter writer({1'000, 2'000, 5'000}, kTwo);
  writer.add("a", {7, 5, std::nullopt, 3, 5, 10});
  writer.add("b", {1, 1, 1, 1, 1, 1});
  const auto bytes = writer.finish();
  std::size_t refused = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int change : {1, 0x80, 0xFF}) {
      auto bad = bytes;
      bad[i] = static_cast<std::uint8_t>(bad[i] ^ change);
      const auto block = SampleBlock::read(bad);
      if (!block) {
        CHECK(block.error().code == ErrorCode::kMalformed);
        ++refused;
        continue;
      }
      BlockValues values;
      for (std::size_t key = 0; key < block->keys().size(); ++key) {
        if (!block->values(key, values)) continue;
        for (const auto& value : values) CHECK(value.value_or(0) <= kMaxSampleValue);
      }
    }
    CHECK_FALSE(SampleBlock::read(std::span(bytes).first(i)));
  }
  CHECK(refused > 20);
  auto newer = bytes;
  newer[4] = 2;
  CHECK(SampleBlock::read(newer).error().what == "sample block: is of a version that this capmap does not know");
}

TEST_CASE("sample block: random samples of thousands of keys are cut into blocks and come back whole") {
  std::mt19937_64 random(run_seed());
  const std::vector<std::uint64_t> times = {60'000, 120'000, 180'000, 240'000};
  PartWriter writer(times, false);
  std::vector<std::pair<std::string, BlockValues>> all;
  for (int i = 0; i < 3'000; ++i) {
    BlockValues values(kSampleColumnCount * times.size());
    for (auto& value : values) {
      if (random() % 8 != 0) value = random() % 3 == 0 ? random() % (kMaxSampleValue + 1) : random() % 1'000;
    }
    all.emplace_back("key " + std::to_string(100'000 + i), values);
    writer.add(all.back().first, values);
  }
  const auto parts = writer.finish();
  CHECK(parts.size() > 3);
  std::size_t at = 0;
  for (const auto& part : parts) {
    const auto block = SampleBlock::read(part.body);
    REQUIRE(block);
    REQUIRE_FALSE(block->keys().empty());
    CHECK(part.first_key == block->keys().front());
    for (std::size_t key = 0; key < block->keys().size(); ++key, ++at) {
      CHECK(block->keys()[key] == all[at].first);
      CHECK(values_of(*block, key) == all[at].second);
    }
  }
  CHECK(at == all.size());
}

TEST_CASE("hours: means are over all samples, also those without the key, but not over those that do not know") {
  constexpr std::size_t kTimes = 4;
  BlockValues values(kSampleColumnCount * kTimes);
  const auto put = [&](std::size_t column, std::array<std::optional<std::uint64_t>, kTimes> of) {
    std::ranges::copy(of, values.begin() + static_cast<std::ptrdiff_t>(column * kTimes));
  };
  put(kSampleNodesInstalled, {2, 2, std::nullopt, 2});
  put(kSampleCpuUsed, {600, std::nullopt, std::nullopt, 900});
  const auto hour = fold_hour(values, kTimes, 0, 4);
  REQUIRE(hour);
  CHECK((*hour)[kSampleNodesInstalled] == 2);  // 1.5, rounded
  CHECK((*hour)[kHourLeast + kSampleNodesInstalled] == 0);
  CHECK((*hour)[kHourGreatest + kSampleNodesInstalled] == 2);
  CHECK((*hour)[kSampleCpuUsed] == 500);  // 600, 0 and 900
  CHECK((*hour)[kHourGreatest + kSampleCpuUsed] == 900);
  CHECK_FALSE((*hour)[kSampleMemoryUsed]);
  CHECK_FALSE((*hour)[kHourLeast + kSampleMemoryUsed]);
  CHECK_FALSE(fold_hour(values, kTimes, 2, 3));
  CHECK((*fold_hour(values, kTimes, 3, 4))[kHourLeast + kSampleCpuUsed] == 900);
}

TEST_CASE("hours: what is free stands beside what was used when it was least") {
  const auto& columns = sample_columns(true);
  REQUIRE(columns.size() == kHourColumnCount);
  CHECK(columns[kHourLeast + kSampleCpuFree].name == "cpu_free_millicores.min");
  CHECK(columns[*columns[kHourLeast + kSampleCpuFree].beside].name == "cpu_used_millicores.max");
  for (const auto& column : columns) CHECK_FALSE((column.beside && columns[*column.beside].beside));
  const auto places = places_of({{.name = "leased"}, {.name = "cpu_used_millicores"}}, false);
  CHECK_FALSE(places[0]);
  CHECK(places[1] == kSampleCpuUsed);
}
