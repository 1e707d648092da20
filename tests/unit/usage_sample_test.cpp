#include "controller/history/usage_sample.hpp"

#include <catch2/catch.hpp>

#include "tests/support/http_world.hpp"

using namespace capmap;

namespace {

const SampleRow* row_of(const UsageSample& sample, const std::string& key) {
  const auto found = std::ranges::find(sample.rows, key, &SampleRow::key);
  return found == sample.rows.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("usage sample: groups by division, class and models say what the map says, and unknown is not zero") {
  const auto view = support::small_view(1'000'000);
  const auto sample = sample_regions(*view, 42);
  CHECK(sample.at_unix_ms == 42);
  // Three nodes with NPUs and one whose hardware is not known in division 11; one lost node where no region is declared.
  REQUIRE(sample.rows.size() == 3);
  const auto* const cards = row_of(sample, to_text(RegionKey{.region_2 = "11", .compute_class = {}, .accelerator_model = "Example NPU"}));
  REQUIRE(cards != nullptr);
  CHECK(cards->values[kSampleNodesInstalled] == 3);
  CHECK(cards->values[kSampleNodesAvailable] == 3);
  CHECK(cards->values[kSampleCpuUsed] == 30'000);
  CHECK(cards->values[kSampleCpuFree] == 258'000);
  CHECK(cards->values[kSampleUnknown + 0] == 0);
  CHECK_FALSE(cards->values[kSampleMemoryUsed]);  // no node told it
  CHECK(cards->values[kSampleUnknown + 2] == 3);
  CHECK(cards->values[kSamplePower] == 1'250);
  CHECK(cards->values[kSampleUnknown + 8] == 1);
  CHECK(cards->values[kSampleAccelerators] == 24);
  CHECK(cards->values[kSampleAcceleratorsUsed] == 4);
  CHECK(cards->values[kSampleAcceleratorsFree] == 20);
  const auto* const lost = row_of(sample, to_text(RegionKey{.region_2 = {}, .compute_class = {}, .accelerator_model = "Example NPU"}));
  REQUIRE(lost != nullptr);
  CHECK(lost->values[kSampleNodesInstalled] == 1);
  CHECK(lost->values[kSampleNodesAvailable] == 0);
  CHECK_FALSE(lost->values[kSampleCpuUsed]);
  CHECK_FALSE(lost->values[kSampleAcceleratorsUsed]);
  CHECK(lost->values[kSampleAccelerators] == 8);
  for (std::size_t i = 1; i < sample.rows.size(); ++i) CHECK(sample.rows[i - 1].key < sample.rows[i].key);
}

TEST_CASE("usage sample: sites go by their ids, whatever they are called") {
  const auto view = support::small_view(1'000'000);
  const auto sample = sample_sites(*view, 42);
  REQUIRE(sample.rows.size() == 2);
  const auto* const one = row_of(sample, to_text(view->sites[1]->id));
  REQUIRE(one != nullptr);
  CHECK(one->values[kSampleNodesInstalled] == 4);
  CHECK(one->values[kSampleCpuUsed] == 30'000);
  CHECK(one->values[kSampleUnknown + 0] == 1);  // the node whose hardware is not known
}

TEST_CASE("usage sample: keys of regions are read back, and stand in the order of their parts") {
  const RegionKey key{.region_2 = "31", .compute_class = "super", .accelerator_model = "A + B"};
  CHECK(parse_region_key(to_text(key)) == key);
  CHECK(parse_region_key(to_text(RegionKey{})) == RegionKey{});
  CHECK(parse_region_key("11").region_2 == "11");
  CHECK(to_text(RegionKey{"11", "super", "B"}) < to_text(RegionKey{"31", "", ""}));
  CHECK(to_text(RegionKey{"11", "", "B"}) < to_text(RegionKey{"11", "edge", ""}));
  CHECK(to_text(key).starts_with(region_prefix("31")));
  CHECK_FALSE(to_text(RegionKey{"310", "", ""}).starts_with(region_prefix("31")));
}
