// Files of sites as capmapctl imports them, and the body that the controller gets: the first byte chooses the form and the kind. Whatever
// stands in a file, each refusal names its line, and what is taken goes to the controller as it was read and is understood there.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "controller/ctl/import_file.hpp"
#include "controller/http/import_body.hpp"
#include "tests/fuzz/input_folder.hpp"

using namespace capmap;

namespace {

constexpr std::size_t kKinds = kRecordKindNames.size();

void check_same(const ImportTable& read, const ImportTable& sent) {
  check(read.rows.size() == sent.rows.size(), "a row was lost on its way");
  for (std::size_t i = 0; i < read.rows.size(); ++i) {
    const auto &before = read.rows[i].cells, &after = sent.rows[i].cells;
    check(before.size() == after.size(), "a cell was lost on its way");
    for (std::size_t k = 0; k < before.size(); ++k) {
      const auto& name = read.columns[before[k].first];
      check(name == sent.columns[after[k].first] && before[k].second == after[k].second, "a cell was changed on its way");
    }
  }
}

void check_file(ImportFile file) {
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    check(file.tables[kind].rows.size() == file.lines[kind].size(), "a row without its line");
  }
  check_records(file, {"11 a", "31 b"});
  check(file.faults.size() <= ImportFile::kMostFaults, "more faults than anybody reads");
  for (const auto& fault : file.faults) check(fault.line > 0 && !fault.what.empty(), "a refusal names no line");
  if (!file.faults.empty()) return;
  const auto body = read_import_body(import_body(file, true, false, "digest"));
  check(body.ok() && body->dry_run && body->expect == "digest", "what was read is not understood by the controller");
  for (std::size_t kind = 0; kind < kKinds; ++kind) check_same(file.tables[kind], body->tables[kind]);
}

/// A column takes back what it shows.
void check_columns(const ImportTable& table) {
  for (const auto& row : table.rows) {
    Site site;
    for (const auto& [index, text] : row.cells) {
      const auto column = site_column(table.columns[index]);
      if (!column || !column->set(site, text)) continue;
      const auto shown = column->text(site);
      Site again;
      check(column->set(again, shown).ok() && column->text(again) == shown, "a column does not take what it shows");
    }
  }
}

void check_body(std::string_view text) {
  const auto body = read_import_body(std::string(text));
  if (!body) return check(body.error().code == ErrorCode::kMalformed && !body.error().what.empty(), "refused without a reason");
  for (const auto& table : body->tables) {
    check(table.rows.size() <= kMostImportRows, "more rows than are taken");
    for (const auto& row : table.rows) {
      for (const auto& cell : row.cells) check(cell.first < table.columns.size(), "a cell of no column");
    }
  }
  check_columns(body->tables[static_cast<std::size_t>(RecordKind::kSites)]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = fuzz::text_of(data + 1, size - 1);
  const auto form = data[0] % (kKinds + 2);
  if (form < kKinds) {
    check_file(read_import_csv(text, static_cast<RecordKind>(form)));
  } else if (form == kKinds) {
    check_file(read_import_toml(text));
  } else {
    check_body(text);
  }
  return 0;
}
