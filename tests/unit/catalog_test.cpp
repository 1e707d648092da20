#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "agent/card_dies.hpp"
#include "common/chip_table_rows.hpp"

using namespace capmap;

namespace {

std::string text_of(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

CsvTable shipped(const std::string& file) {
  const auto table = parse_csv(file, text_of(std::string(CAPMAP_SOURCE_DIR) + "/schemas/catalog/" + file));
  if (!table) FAIL(table.error().what);
  return *table;
}

std::string cell(const CsvTable& table, const CsvRow& row, const std::string& column) {
  const auto at = std::find(table.header.begin(), table.header.end(), column);
  REQUIRE(at != table.header.end());
  return row.cells[static_cast<std::size_t>(at - table.header.begin())];
}

std::optional<double> figure(const CsvTable& table, const CsvRow& row, const std::string& column) {
  const auto text = cell(table, row, column);
  if (text.empty()) return std::nullopt;
  return std::stod(text);
}

/// Where both figures are given, the second is at least the first.
void at_most(const CsvTable& table, const CsvRow& row, const std::string& smaller, const std::string& larger) {
  const auto low = figure(table, row, smaller), high = figure(table, row, larger);
  INFO(table.file << ":" << row.line << ": " << smaller << " against " << larger);
  if (low && high) CHECK(*low <= *high);
}

}  // namespace

TEST_CASE("catalog: every row names its source and how good it is", "[catalog]") {
  for (const auto* file : {"cpus.csv", "cpu_skus.csv", "accelerators.csv", "pci_names.csv"}) {
    const auto table = shipped(file);
    for (const auto& row : table.rows) {
      INFO(file << ":" << row.line);
      CHECK_FALSE(cell(table, row, "source").empty());
    }
  }
}

TEST_CASE("catalog: models that share a PCI id are told apart by memory size or by name", "[catalog]") {
  const auto rows = read_accelerator_rows(shipped("accelerators.csv"));
  REQUIRE(rows);
  for (const auto& a : *rows) {
    for (const auto& b : *rows) {
      if (&a == &b || a.ids.empty() || !b.fits(a.ids[0].vendor, a.ids[0].device.value_or(0))) continue;
      INFO(a.name << " and " << b.name);
      const bool unrated = a.peaks == PeakMflops{} && b.peaks == PeakMflops{};
      CHECK((unrated || (!a.names.empty() && !b.names.empty() && a.names != b.names)));
    }
  }
}

TEST_CASE("catalog: the agent, which does not read it, counts as many PCI devices an AMD card as devices_per_card says", "[catalog]") {
  const auto table = shipped("accelerators.csv");
  std::size_t several = 0;
  for (const auto& row : table.rows) {
    if (cell(table, row, "vendor") != "AMD") continue;
    std::istringstream words(cell(table, row, "pci_ids"));
    for (std::string id; words >> id;) {
      INFO(table.file << ":" << row.line << ": " << id);
      REQUIRE(id.starts_with("1002:"));
      const auto dies = dies_a_card(0x1002, static_cast<std::uint16_t>(std::stoul(id.substr(5), nullptr, 16)));
      CHECK(std::to_string(dies) == cell(table, row, "devices_per_card"));
      several += dies > 1 ? 1 : 0;
    }
  }
  CHECK(several == 2);
}

TEST_CASE("catalog: no library name means two models", "[catalog]") {
  const auto rows = read_accelerator_rows(shipped("accelerators.csv"));
  REQUIRE(rows);
  std::set<std::vector<std::string>> seen;
  for (const auto& row : *rows) {
    for (const auto& choice : row.names) {
      INFO(row.name);
      CHECK(seen.insert(choice).second);
    }
  }
}

TEST_CASE("catalog: sources name a document, an address or a repository, not a memory of one", "[catalog]") {
  for (const auto* file : {"cpus.csv", "cpu_skus.csv", "accelerators.csv", "pci_names.csv"}) {
    const auto table = shipped(file);
    for (const auto& row : table.rows) {
      const auto source = cell(table, row, "source");
      INFO(file << ":" << row.line << ": " << source);
      CHECK((source.find('/') != std::string::npos || source.find('.') != std::string::npos));
      CHECK(source.find("file index") == std::string::npos);
      CHECK(source.find("from memory") == std::string::npos);
    }
  }
}

TEST_CASE("catalog: a rate that was taken from another chip is none", "[catalog]") {
  for (const auto* file : {"cpus.csv", "accelerators.csv"}) {
    const auto table = shipped(file);
    for (const auto& row : table.rows) {
      INFO(file << ":" << row.line);
      CHECK(cell(table, row, "notes").find("taken as") == std::string::npos);
      CHECK(cell(table, row, "source").find("taken as") == std::string::npos);
    }
  }
}

TEST_CASE("catalog: a dense matrix rate is no sparse one: 8 bits are twice, not four times, 16 bits", "[catalog]") {
  const auto table = shipped("accelerators.csv");
  for (const auto& row : table.rows) {
    const auto fp16 = figure(table, row, "fp16"), fp8 = figure(table, row, "fp8"), int8 = figure(table, row, "int8");
    INFO("accelerators.csv:" << row.line << " " << cell(table, row, "model"));
    if (fp16 && fp8) CHECK(*fp8 <= 4.1 * *fp16);
    if (fp8 && int8) CHECK(*int8 <= 2.02 * *fp8);  // consumer cards halve FP8 with FP32 sums
    if (fp16 && int8 && cell(table, row, "confidence") == "A") CHECK(*int8 <= 4.1 * *fp16);
  }
}

TEST_CASE("catalog: names and PCI ids are there once", "[catalog]") {
  std::set<std::string> seen;
  const auto names = shipped("pci_names.csv");
  for (const auto& row : names.rows) CHECK(seen.insert(cell(names, row, "vendor_id") + ":" + cell(names, row, "device_id")).second);
  const auto chips = shipped("accelerators.csv");
  for (const auto& row : chips.rows) CHECK(seen.insert(cell(chips, row, "vendor") + " " + cell(chips, row, "model")).second);
}

TEST_CASE("catalog: matrix units are no slower than vector units, and fewer bits no slower than more", "[catalog]") {
  const auto table = shipped("accelerators.csv");
  for (const auto& row : table.rows) {
    at_most(table, row, "fp64", "fp64_matrix");
    at_most(table, row, "fp64", "fp32");
    at_most(table, row, "fp32", "fp32_matrix");
    at_most(table, row, "fp32", "tf32");
    at_most(table, row, "fp32", "fp16");
    at_most(table, row, "tf32", "fp16");
    at_most(table, row, "fp16", "fp8");
    at_most(table, row, "fp8", "fp4");
    at_most(table, row, "int8", "int4");
  }
}

TEST_CASE("catalog: a core does no more FP64 than half its FP32, and no less in narrower formats", "[catalog]") {
  const auto table = shipped("cpus.csv");
  for (const auto& row : table.rows) {
    const auto fp64 = figure(table, row, "fp64"), fp32 = figure(table, row, "fp32");
    INFO("cpus.csv:" << row.line);
    if (fp64 && fp32) CHECK(2 * *fp64 <= *fp32);
    at_most(table, row, "fp32", "fp16");
    at_most(table, row, "fp32", "bf16");
    at_most(table, row, "bf16", "int8");
  }
}

TEST_CASE("catalog: each base clock is found by its own name, not by another row's", "[catalog]") {
  const auto skus = read_sku_rows(shipped("cpu_skus.csv"));
  REQUIRE(skus);
  for (const auto& sku : *skus) {
    const auto words = name_words("Vendor(R) " + sku.name + " 64-Core Processor");
    const auto first = std::find_if(skus->begin(), skus->end(), [&](const auto& row) { return name_matches(row.pattern, words); });
    INFO(sku.name);
    REQUIRE(first != skus->end());
    CHECK(first->name == sku.name);
    if (sku.base_mhz) CHECK((*sku.base_mhz >= 1000 && *sku.base_mhz <= 5000));
  }
}

TEST_CASE("catalog: the base clock of an EPYC is the one its firmware states", "[catalog]") {
  const std::filesystem::path folder = std::string(CAPMAP_SOURCE_DIR) + "/../shared/corpus/linuxhw_DMI";
  if (!std::filesystem::is_directory(folder)) {
    std::cout << "skipped: no corpus of dmidecode texts beside the checkout\n";
    return;
  }
  const auto skus = read_sku_rows(shipped("cpu_skus.csv"));
  REQUIRE(skus);
  std::size_t compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto text = text_of(entry.path());
    const auto at = text.find("\tVersion: AMD EPYC ");
    const auto speed = text.find("\tCurrent Speed: ", at);
    if (at == std::string::npos || speed == std::string::npos) continue;
    const auto words = name_words(text.substr(at + 10, text.find('\n', at) - at - 10));
    const auto sku = std::find_if(skus->begin(), skus->end(), [&](const auto& row) { return name_matches(row.pattern, words); });
    INFO(entry.path().filename().string());
    REQUIRE(sku != skus->end());
    CHECK(sku->base_mhz == std::stoul(text.substr(speed + 16, 8)));
    ++compared;
  }
  CHECK(compared >= 10);
}
