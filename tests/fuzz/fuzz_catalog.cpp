// Files of the catalog: the first byte chooses which file it is, the rest is the text.
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/chip_table_rows.hpp"
#include "common/csv.hpp"
#include "common/region_table.hpp"
#include "tests/fuzz/input_folder.hpp"

using namespace capmap;

namespace {

/// "file:line: …"
void check_refusal(const Error& error) {
  constexpr std::string_view kPlace = "table.csv:";
  const bool placed = error.what.starts_with(kPlace) && error.what.size() > kPlace.size() &&
                      std::isdigit(static_cast<unsigned char>(error.what[kPlace.size()])) != 0;
  check(error.code == ErrorCode::kMalformed || error.code == ErrorCode::kFull, "refused as something else than what it is");
  check(placed, "a refusal does not name file and line");
}

template <class Rows>
void check_rows(const Rows& rows, const CsvTable& table) {
  if (!rows) return check_refusal(rows.error());
  check(rows->size() == table.rows.size(), "a row was lost");
}

void check_regions(const CsvTable& table) {
  const auto regions = RegionTable::read(table);
  if (!regions) return check_refusal(regions.error());
  check(regions->rows().size() == table.rows.size(), "a region was lost");
  for (const auto& region : regions->rows()) {
    check(regions->find(region.code) == &region, "a region is not found by its code");
    check(static_cast<bool>(regions->check_code(region.code)), "a listed code is of no known division");
    const auto* const hub = regions->hub_of(region.code);
    check(hub == nullptr ? region.hub.empty() : region.code.starts_with(hub->code) && !hub->hub.empty(), "a hub of somewhere else");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto table = parse_csv("table.csv", fuzz::text_of(data + 1, size - 1));
  if (!table) {
    check_refusal(table.error());
    return 0;
  }
  for (const auto& row : table->rows) check(row.cells.size() == table->header.size(), "a row of another length");
  switch (data[0] % 8) {
    case 0: check_rows(read_cpu_rows(*table), *table); break;
    case 1: check_rows(read_sku_rows(*table), *table); break;
    case 2: check_rows(read_accelerator_rows(*table), *table); break;
    case 3: check_rows(read_pci_name_rows(*table), *table); break;
    default: check_regions(*table); break;
  }
  return 0;
}
