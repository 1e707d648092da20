// Rows of the chip table that are an operator's own: out of a file, shown first, then in force.
#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>

#include "common/chip_table_own.hpp"
#include "common/host_root.hpp"
#include "common/utf8.hpp"
#include "controller/ctl/chips.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/ctl/units.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

constexpr std::uint32_t kLeastTimeoutMs = 60'000;  ///< all kinds of hardware of a country are rated anew
/// A title that no other file has, in the order of kChipFileNames.
constexpr std::array<std::string_view, kChipFileCount> kTitleOf = {"microarchitecture", "base_mhz", "devices_per_card", "device_id"};

Result<std::string> read_rows(const std::string& file) {
  const auto slash = file.rfind('/');
  const HostRoot folder(slash == std::string::npos ? "." : file.substr(0, slash + 1));
  auto text = folder.read(slash == std::string::npos ? file : file.substr(slash + 1), kMaxOwnChipBytes);
  if (!text) return Error{text.error().code, folder.path() + text.error().what};
  return text;
}

ApiConnection patient(ApiConnection connection) {
  connection.timeout_ms = std::max(connection.timeout_ms, kLeastTimeoutMs);
  return connection;
}

/// Asks on the terminal; only the whole word yes is yes.
Result<Done> confirm(const Screen& screen, std::uint64_t changes) {
  if (!screen.terminal || screen.json) return Error{ErrorCode::kDenied, "nothing was changed: say --yes, or --dry-run to look only"};
  screen.out << "make " << plural(changes, "change") << " of the chip table? Type yes: " << std::flush;
  std::string word;
  if (std::getline(std::cin, word) && word == "yes") return Done{};
  return Error{ErrorCode::kDenied, "nothing was changed"};
}

/// What the controller says of "rows:7: tdp_w: …" is of that line of the file.
Error at_file(Error error, const std::string& file) {
  const auto at = error.what.find("rows:");
  if (at != std::string::npos) error.what.replace(at, 4, file);
  return error;
}

Result<Json> ask(const ApiConnection& connection, const Json& body, const std::string& file) {
  auto answer = api_post(connection, "/v1/chips", body);
  if (!answer) return at_file(answer.error(), file);
  return answer;
}

}  // namespace

std::string chip_table_of(const std::string& csv) {
  std::istringstream titles(csv.substr(0, csv.find_first_of("\r\n")));
  for (std::string title; std::getline(titles, title, ',');) {
    const auto* const found = std::ranges::find(kTitleOf, title);
    if (found != kTitleOf.end()) return kChipFileNames[static_cast<std::size_t>(found - kTitleOf.begin())];
  }
  return {};
}

std::string chip_changes_text(const Json& answer) {
  std::string text;
  for (const Json& change : list_at(answer, "changes")) {
    const auto before = text_at(change, "before"), now = text_at(change, "now");
    const bool in_catalog = flag_at(change, "in_catalog");
    text += printable(std::string(!before ? "+ "
                                  : !now  ? "- "
                                          : "~ ") +
                      text_at(change, "row").value_or("?") + (in_catalog && now && before ? " (the catalog has it too)" : "")) +
            "\n";
    if (before) text += printable("    was  " + *before) + "\n";
    if (now) text += printable("    is   " + *now) + "\n";
  }
  const auto shown = list_at(answer, "changes").size();
  const auto count = number_at(answer, "change_count").value_or(shown);
  if (count > shown) text += "… and " + count_text(count - shown) + " more rows\n";
  for (const Json& effect : list_at(answer, "effects")) {
    const auto before = text_at(effect, "unrated_before"), now = text_at(effect, "unrated_now");
    text += printable(text_at(effect, "what").value_or("unknown") + ": " + plural(number_at(effect, "nodes").value_or(0), "node") + ", " +
                      (now ? "unrated: " + *now : "rated") + "; before " + (before ? "unrated: " + *before : "rated")) +
            "\n";
  }
  return text +
         printable("chip table " + text_at(answer, "catalog_before").value_or("?") + " → " + text_at(answer, "catalog").value_or("?")) +
         "\n";
}

Result<Done> add_chips(const ApiConnection& connection, const Screen& screen, const ChipRows& rows) {
  auto text = read_rows(rows.file);
  if (!text) return text.error();
  const auto table = rows.table.empty() ? chip_table_of(*text) : rows.table;
  if (table.empty()) {
    return Error{ErrorCode::kMalformed,
                 rows.file + ":1: has the titles of none of cpus.csv, cpu_skus.csv, accelerators.csv, pci_names.csv of the catalog"};
  }
  if (!is_utf8(*text)) return Error{ErrorCode::kMalformed, rows.file + ": is not UTF-8"};
  Json body = {{"table", table}, {"rows", std::move(*text)}, {"replace", rows.replace}, {"dry_run", true}};
  const auto shown = ask(patient(connection), body, rows.file);
  if (!shown) return shown.error();
  const auto changes = number_at(*shown, "change_count").value_or(0);
  if (!screen.json) screen.out << chip_changes_text(*shown);
  if (rows.dry_run || changes == 0) {
    screen.out << (screen.json ? shown->dump() + "\n" : changes == 0 ? "nothing to change\n" : "nothing was changed: --dry-run\n");
    return Done{};
  }
  if (!rows.yes) {
    if (auto sure = confirm(screen, changes); !sure) return sure;
  }
  body["dry_run"] = false;
  body["expect"] = text_at(*shown, "digest").value_or("");
  const auto done = ask(patient(connection), body, rows.file);
  if (!done) return done.error();
  screen.out << (screen.json ? done->dump() + "\n" : printable("in force: chip table " + text_at(*done, "catalog").value_or("?")) + "\n");
  return Done{};
}

Result<Done> print_own_chips(const ApiConnection& connection, const Screen& screen, const std::string& table) {
  const auto answer = api_get(connection, "/v1/chips/own");
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
    return Done{};
  }
  for (const Json& one : list_at(*answer, "tables")) {
    const auto name = text_at(one, "table").value_or("?");
    if (table.empty()) screen.out << printable(name) << ": " << plural(number_at(one, "row_count").value_or(0), "row") << "\n";
    if (name == table) screen.out << text_at(one, "rows").value_or("");
  }
  return Done{};
}

Result<Done> reload_chips(const ApiConnection& connection, const Screen& screen, bool dry_run) {
  const auto answer = ask(patient(connection), {{"read_anew", true}, {"dry_run", dry_run}}, "catalog");
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : chip_changes_text(*answer) + (dry_run ? "nothing was changed: --dry-run\n" : ""));
  return Done{};
}

}  // namespace capmap
