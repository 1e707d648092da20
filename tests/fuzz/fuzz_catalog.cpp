// Files of the catalog: the first byte chooses which file it is, the rest is the text.
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/chip_table_rows.hpp"
#include "common/csv.hpp"
#include "common/region_table.hpp"
#include "controller/map/descriptor.hpp"
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

/// A file of codes that an operator imports.
void check_region_list(const CsvTable& table) {
  RegionListReader reader;
  if (auto added = reader.add(table); !added) return check_refusal(added.error());
  const auto rows = reader.rows();
  check(rows.size() == table.rows.size(), "a row of the list was lost");
  const RegionList list = followed({}, {.year = 2024, .rows = rows});
  const auto over = RegionTable::with_list(std::make_shared<const RegionTable>(), list);
  if (!over) return;
  for (const auto& row : list.rows) {
    check(over->find(row.code) != nullptr && over->is_listed(row.code), "a listed region is not found");
    check(static_cast<bool>(over->check_code(row.code)), "a listed code is refused");
    static_cast<void>(over->check_code(row.code.substr(0, 2) + "9999").ok());
  }
  check(followed(list, list) == list, "the same list again changes something");
  const auto changes = changes_between(*over, *over);
  check(changes.added.empty() && changes.renamed.empty() && changes.gone.empty(), "a list differs from itself");
}

/// Encoders as data: whatever a table says, a text is of plain characters, and more of everything is not written smaller.
void check_descriptors(const CsvTable& table) {
  const auto encoders = DescriptorTable::read(table);
  if (!encoders) return check_refusal(encoders.error());
  DescriptorValues some;
  for (const char* name : kDescriptorTexts) some[name].text = "3301";
  for (const char* name : kDescriptorFigures) some[name].figure = U128{1} << 70;
  for (const auto& form : encoders->forms()) {
    check(encoders->find(form.form) != nullptr && !form.kinds.empty() && !form.fields.empty(), "a form without kinds or fields");
    for (const auto& kind : form.kinds) {
      for (const auto edition : {DescriptorEdition::kTotal, DescriptorEdition::kAvailable}) {
        const auto made = encode_descriptor(form, kind, edition, some);
        check(made.text.has_value() == made.reasons.empty(), "a text with a reason why there is none, or neither");
        for (const char c : made.text.value_or(""))
          check(c == '.' || fits_alphabet(DescriptorField::Alphabet::kName, {&c, 1}), "a stray character");
        check(made == encode_descriptor(form, kind, edition, some), "the same values give another text");
      }
    }
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
    case 5: check_region_list(*table); break;
    case 6: check_descriptors(*table); break;
    default: check_regions(*table); break;
  }
  return 0;
}
