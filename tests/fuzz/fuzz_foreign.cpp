// Inventories of other programs as capmapctl imports them: the first byte chooses the program and whether a site is said. Whatever stands
// in one, each refusal names its line, and what is taken is rows of sites and pools that the import takes or refuses by itself.
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>

#include "controller/ctl/foreign.hpp"
#include "controller/ctl/host_list.hpp"
#include "controller/http/import_body.hpp"
#include "tests/fuzz/input_folder.hpp"

using namespace capmap;

namespace {

constexpr std::size_t kPrograms = std::size(kForeignNames), kMostHosts = 1'000;

/// Each row of a kind has that cell, and says something in it.
void check_named(const ImportTable& table, const char* column) {
  for (const auto& row : table.rows) {
    bool named = false;
    for (const auto& [index, text] : row.cells) {
      check(index < table.columns.size(), "a cell of no column");
      named = named || (table.columns[index] == column && !text.empty());
    }
    check(named, "a row without the name it is known by");
  }
}

void check_foreign(std::string_view text, const ForeignOptions& options) {
  auto foreign = read_foreign(text, options);
  auto& file = foreign.file;
  for (const auto& note : foreign.notes) check(!note.empty(), "a note that says nothing");
  for (const auto& fault : file.faults) check(fault.line > 0 && !fault.what.empty(), "a refusal names no line");
  check(file.faults.size() <= ImportFile::kMostFaults, "more faults than anybody reads");
  for (std::size_t kind = 0; kind < kRecordKindNames.size(); ++kind) {
    check(file.tables[kind].rows.size() == file.lines[kind].size(), "a row without its line");
    for (const auto line : file.lines[kind]) check(line > 0, "a row of no line");
  }
  check_named(file.table(RecordKind::kSites), "name");
  check_named(file.table(RecordKind::kPools), "site");
  if (!file.faults.empty()) return;
  check(!file.table(RecordKind::kSites).rows.empty(), "neither a site nor a fault");
  check_records(file, {});
  if (!file.faults.empty()) return;
  const auto body = read_import_body(import_body(file, true, false, "digest"));
  check(body.ok(), "what was read is not understood by the controller");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = fuzz::text_of(data + 1, size - 1);
  const auto form = data[0] % (2 * kPrograms + 1);
  if (form < 2 * kPrograms) {
    check_foreign(text, {.from = kForeignNames[form % kPrograms], .site = form < kPrograms ? "" : "hall", .roles = {}});
    return 0;
  }
  const auto hosts = expand_hosts(text, kMostHosts);
  check(hosts || !hosts.error().what.empty(), "refused without a reason");
  check(!hosts || hosts->size() <= kMostHosts, "more hosts than are taken");
  return 0;
}
