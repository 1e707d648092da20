#include "controller/map/descriptor.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "common/csv.hpp"
#include "tests/support/catalog_descriptors.hpp"

using namespace capmap;

namespace {

U128 figure_of(const std::string& digits) {
  U128 value = 0;
  for (const char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

/// "cores=48;region_4=3301"
DescriptorValues values_of(const std::string& text) {
  DescriptorValues values;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ';');) {
    const auto name = word.substr(0, word.find('=')), value = word.substr(word.find('=') + 1);
    if (is_descriptor_figure(name)) values[name].figure = figure_of(value);
    if (!is_descriptor_figure(name)) values[name].text = value;
  }
  return values;
}

const std::string kCodes =
    "codes.city=1101;codes.industry=tc;codes.organization=20004;region_4=3301;codes.zone=502;codes.service_type=601009;";

Descriptor encoded(const DescriptorValues& values, const char* kind = "general", DescriptorEdition edition = DescriptorEdition::kTotal) {
  return encode_descriptor(*support::catalog_descriptors()->find("a"), kind, edition, values);
}

}  // namespace

TEST_CASE("descriptor: golden vectors are written as they were when their encoder was released") {
  std::ifstream file(CAPMAP_SOURCE_DIR "/tests/fixtures/descriptors/golden.csv");
  std::ostringstream text;
  text << file.rdbuf();
  const auto table = parse_csv("golden.csv", text.str());
  REQUIRE(table);
  REQUIRE(table->rows.size() == 11);
  for (const auto& row : table->rows) {
    CAPTURE(row.cells[0]);
    const auto& forms = support::catalog_descriptors()->forms();
    const auto form = std::ranges::find_if(
        forms, [&](const auto& one) { return one.form == row.cells[1] && std::to_string(one.version) == row.cells[2]; });
    REQUIRE(form != forms.end());
    const auto edition = row.cells[4] == "k1" ? DescriptorEdition::kTotal : DescriptorEdition::kAvailable;
    const auto descriptor = encode_descriptor(*form, row.cells[3], edition, values_of(row.cells[5]));
    INFO((descriptor.reasons.empty() ? std::string() : descriptor.reasons.front()));
    REQUIRE(descriptor.text);
    CHECK(*descriptor.text == row.cells[6]);
  }
}

TEST_CASE("descriptor: what is not known, does not fit or is less than a unit is a reason, never a guess or a nought") {
  const auto whole = values_of(kCodes + "cpu_peak_fp32_mflops=1000000;storage_bytes=1000000000000");
  REQUIRE(encoded(whole).text == "1101tc200044013301502601009F1S1");
  CHECK(encoded(whole).left_out == std::vector<std::string>{"N: network_bps is not known here", "P: power_watts is not known here"});

  auto missing = whole;
  missing["codes.zone"] = {.why = "is not declared: do this"};
  missing["storage_bytes"] = {.why = "no node reports here"};
  CHECK_FALSE(encoded(missing).text);
  CHECK(encoded(missing).reasons == std::vector<std::string>{"zone: is not declared: do this", "S: no node reports here"});

  for (const auto& [name, value, reason] :
       {std::tuple{"codes.zone", "50", "zone: \"50\" has not the 3 characters that the form takes here"},
        std::tuple{"codes.zone", "5020", "zone: \"5020\" has not the 3 characters that the form takes here"},
        std::tuple{"codes.zone", "5O2", "zone: \"5O2\" has characters that the form does not take here"},
        std::tuple{"codes.industry", "TC", "industry: \"TC\" has characters that the form does not take here"},
        std::tuple{"codes.industry", "", "industry: is empty"}}) {
    auto wrong = whole;
    wrong[name].text = value;
    CHECK_FALSE(encoded(wrong).text);
    CHECK(encoded(wrong).reasons == std::vector<std::string>{reason});
  }

  auto small = whole;
  small["storage_bytes"].figure = 999'999'999'999;
  CHECK(encoded(small).reasons == std::vector<std::string>{"S: is less than one unit (999999999999 of 1000000000000)"});
  small["storage_bytes"].figure = 0;
  CHECK(encoded(small).text == "1101tc200044013301502601009F1S0");
  small["network_bps"].figure = 999'999'999;
  CHECK(encoded(small).left_out.front() == "N: is less than one unit (999999999 of 1000000000)");

  auto part = whole;
  part["storage_bytes"].incomplete = "3 disks have no known size";
  CHECK(encoded(part).text == encoded(whole).text);
  CHECK(encoded(part).incomplete == std::vector<std::string>{"S: 3 disks have no known size"});
  CHECK(encoded(whole, "general", DescriptorEdition::kAvailable).reasons.front() == "F: available_cpu_peak_fp32_mflops is not known here");
}

TEST_CASE("descriptor: models are written in one order and spelling, whatever order and spelling they came in") {
  CHECK(descriptor_models({}) == "");
  CHECK(descriptor_models({{"NVIDIA H100 SXM5 80GB", 8}, {"Ascend 910B2", 4}, {"none", 0}}) == "Ascend_910B2=4+NVIDIA_H100_SXM5_80GB=8");
  CHECK(descriptor_models({{"A  B", 1}, {"A B ", 2}, {" A/B", 4}}) == "A_B=7");
  CHECK(descriptor_models({{"卡", 1}}) == "_=1");
}
