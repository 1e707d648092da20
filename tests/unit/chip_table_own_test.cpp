#include "common/chip_table_own.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/support/catalog_chips.hpp"
#include "tests/support/program.hpp"

using namespace capmap;
using capmap::support::catalog_folder;
using Catch::Contains;

namespace {

const std::string kTitles =
    "vendor,model,form,kind,pci_ids,names,devices_per_card,fp64,fp64_matrix,fp32,fp32_matrix,tf32,fp16,bf16,fp8,fp4,int8,int4,"
    "memory_gb,memory_bandwidth_gbs,tdp_w,confidence,unsourced,notes,source\n";
const std::string kCard = "Acme,Ninety,PCIe,npu,abcd:0090,,1,,,10,,,100,,,,200,,64,1000,300,A,,,our acceptance test of 2026-10\n";

OwnChipsPlan plan(const std::string& rows, const OwnChips& before = {}, bool replace = false) {
  auto made = plan_own_chips(catalog_folder(), before, ChipFile::kAccelerators, rows, replace);
  INFO((made ? "" : made.error().what));
  REQUIRE(made);
  return std::move(*made);
}

std::string refusal(const std::string& rows, ChipFile file = ChipFile::kAccelerators) {
  const auto made = plan_own_chips(catalog_folder(), {}, file, rows, false);
  REQUIRE(!made);
  return made.error().what;
}

AcceleratorShape ninety() {
  return {.kind = AcceleratorKind::kNpu, .vendor_id = 0xabcd, .device_id = 0x0090, .memory_bytes = 64'000'000'000, .count = 8};
}

}  // namespace

TEST_CASE("own chips: a row rates what the catalog does not know, and the version says that it is there") {
  Shape shape;
  shape.accelerators = {ninety()};
  const auto catalog = capmap::support::catalog_chips();
  CHECK(!catalog->parts(shape).devices[0].entry);
  CHECK_THAT(catalog->parts(shape).devices[0].unrated, Contains("no row"));
  const auto made = plan(kTitles + kCard);
  REQUIRE(made.changes.size() == 1);
  CHECK(made.changes[0].key == "Acme | Ninety | PCIe");
  CHECK(made.changes[0].before.empty());
  CHECK(!made.changes[0].over_catalog);
  const auto table = ChipTable::load(catalog_folder(), &made.own);
  REQUIRE(table);
  CHECK(table->version() == catalog->version() + "-" + own_chips_mark(made.own));
  const auto rating = table->rate(shape);
  CHECK(rating.accelerators[static_cast<std::size_t>(Precision::kFp16)] == 800'000'000U);
  const auto part = table->parts(shape).devices[0];
  REQUIRE(part.entry);
  CHECK(part.unrated.empty());
  CHECK(table->list()[*part.entry].name == "Acme Ninety");
  CHECK(table->list()[*part.entry].vendor == "Acme");
  CHECK(table->list()[*part.entry].own);
  CHECK(table->entry_count() == table->list().size());
}

TEST_CASE("own chips: a row of the catalog's name takes its place, and gives it back when it goes") {
  const std::string row = "NVIDIA,Tesla T4,PCIe,gpu,10de:1eb8,,1,,,8.1,,,66,,,,130,260,16,320,70,A,,,measured by us\n";
  const auto made = plan(kTitles + row);
  REQUIRE(made.changes.size() == 1);
  CHECK(made.changes[0].over_catalog);
  CHECK_THAT(made.changes[0].before, Contains(",65,"));
  const auto table = ChipTable::load(catalog_folder(), &made.own);
  REQUIRE(table);
  CHECK(table->entry_count() == capmap::support::catalog_chips()->entry_count());
  const auto back = plan(kTitles, made.own, true);
  REQUIRE(back.changes.size() == 1);
  CHECK_THAT(back.changes[0].before, Contains("measured by us"));
  CHECK_THAT(back.changes[0].now, Contains(",65,"));
  CHECK(back.own == OwnChips{});
}

TEST_CASE("own chips: rows that are added stay beside those before, and the same again changes nothing") {
  const auto first = plan(kTitles + kCard);
  const auto second = plan(kTitles + "Acme,\"Nine, ty\",OAM,npu,abcd:0091,,1,,,10,,,,,,,,,,,,B,,,sheet\n", first.own);
  CHECK(second.changes.size() == 1);
  CHECK_THAT(second.own[static_cast<std::size_t>(ChipFile::kAccelerators)], Contains("abcd:0090") && Contains("\"Nine, ty\""));
  CHECK(plan(kTitles + kCard, second.own).changes.empty());
  const auto alone = plan(kTitles + kCard, second.own, true);
  REQUIRE(alone.changes.size() == 1);
  CHECK(alone.changes[0].now.empty());
  CHECK(alone.own == first.own);
}

TEST_CASE("own chips: what the catalog would not take is refused with its line and column") {
  CHECK_THAT(refusal("a,b\n1,2\n"), Contains("rows:1") && Contains("accelerators.csv"));
  CHECK_THAT(refusal(kTitles), Contains("has no rows"));
  CHECK_THAT(refusal(kTitles + kCard + kCard), Contains("rows:3") && Contains("twice, first in line 2"));
  auto unsourced = kCard;
  unsourced.replace(unsourced.find("our acceptance"), std::string("our acceptance test of 2026-10").size(), "");
  CHECK_THAT(refusal(kTitles + unsourced), Contains("rows:2: source: is empty"));
  auto gigaflops = kCard;
  gigaflops.replace(gigaflops.find(",100,"), 5, ",100000,");
  CHECK_THAT(refusal(kTitles + gigaflops), Contains("rows:2: fp16: is more than 10 times"));
  CHECK_THAT(refusal(kTitles + kCard, ChipFile::kCpus), Contains("cpus.csv"));
}

TEST_CASE("own chips: rows that lie beside the catalog are found there, and given ones go before them") {
  const capmap::support::TemporaryFolder folder;
  for (const char* file : {"VERSION", "cpus.csv", "cpu_skus.csv", "accelerators.csv", "pci_names.csv"}) {
    std::filesystem::copy_file(catalog_folder() + "/" + file, folder.path() + "/" + file);
  }
  std::ofstream(folder.path() + "/own_accelerators.csv") << kTitles << kCard;
  const auto table = ChipTable::load(folder.path());
  REQUIRE(table);
  CHECK(table->version() != capmap::support::catalog_chips()->version());
  const OwnChips none;
  const auto bare = ChipTable::load(folder.path(), &none);
  REQUIRE(bare);
  CHECK(bare->version() == capmap::support::catalog_chips()->version());
}
