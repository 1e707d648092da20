#include "controller/map/field_words.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "controller/map/filter.hpp"
#include "controller/map/rollup.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

std::string refusal(std::string_view text) {
  const auto filter = parse_filter(text);
  return filter ? "" : filter.error().what;
}

}  // namespace

TEST_CASE("field words: the nearest word is found in spite of slips, and none where none is near") {
  const std::vector<std::string_view> known = {"liveness", "region", "region_2", "service", "service_state"};
  CHECK(nearest_word("livenes", known) == "liveness");
  CHECK(nearest_word("Liveness", known) == "liveness");
  CHECK(nearest_word("regoin", known) == "region");
  CHECK(nearest_word("region_3", known) == "region_2");
  CHECK(nearest_word("servcie_state", known) == "service_state");
  CHECK(nearest_word("live", known) == "liveness");
  CHECK(nearest_word("colour", known).empty());
  CHECK(nearest_word("", known).empty());
  CHECK(nearest_word(std::string(5'000, 'x'), known).empty());
}

TEST_CASE("filter: an unknown field names the nearest one, or all there are") {
  CHECK_THAT(refusal("livenes = fresh"), Catch::StartsWith("at 1: ") && Contains("\"livenes\"") && Contains("did you mean liveness?"));
  CHECK_THAT(refusal("acelerators > 1"), Contains("did you mean accelerators?"));
  CHECK_THAT(refusal("colour = red"), Contains("fields are region, ") && Contains("label.KEY"));
  CHECK_THAT(refusal("has(accelerator modle = x)"), Contains("did you mean model?"));
}

TEST_CASE("filter: what a field can never be is refused with what it can be") {
  CHECK_THAT(refusal("liveness = dead"),
             Catch::StartsWith("at 12: ") && Contains("one of resyncing, fresh, stale, lost") && Contains("\"dead\""));
  CHECK_THAT(refusal("liveness = lsot"), Contains("did you mean lost?"));
  CHECK_THAT(refusal("liveness in (fresh, gone)"), Catch::StartsWith("at 21: "));
  CHECK_THAT(refusal("liveness prefix x"), Contains("one of"));
  CHECK_THAT(refusal("not service_state = drainign"), Contains("did you mean draining?"));
  CHECK_THAT(refusal("security_level = 7"), Contains("0, 1, 2, 3, 4, 5"));
  CHECK_THAT(refusal("public_compute = true"), Contains("one of yes, no"));
  CHECK_THAT(refusal("has(accelerator kind = cpu)"), Contains("one of gpu, npu, fpga, other"));
  for (const char* fine : {"liveness = fresh", "liveness = \"\"", "liveness prefix res", "security_level < 9", "owner_class != private",
                           "accelerator_kind = \"gpu + npu\"", "compute_class in (super, edge)", "architecture = aarch64", "site = dead"}) {
    INFO(fine);
    CHECK(refusal(fine).empty());
  }
}

TEST_CASE("dimensions: one that is mistyped names the nearest one") {
  CHECK_THAT(parse_dimensions("regoin_2").error().what, Contains("did you mean region_2?"));
  CHECK_THAT(parse_dimensions("site,site").error().what, Contains("is named twice") && !Contains("did you mean"));
}
