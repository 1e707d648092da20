// Sites, pools, owners and links out of a file: shown first, then done.
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/import_file.hpp"
#include "controller/ctl/places.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/ctl/units.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

constexpr std::size_t kMostBodyBytes = 32 << 20;
constexpr std::uint32_t kLeastTimeoutMs = 60'000;  ///< twenty thousand sites take their time
constexpr std::size_t kLabelWidth = 8;

bool says_regions(ImportFile& file) {
  return std::ranges::find(file.table(RecordKind::kSites).columns, "region") != file.table(RecordKind::kSites).columns.end();
}

/// "11 北京", as the controller knows them.
Result<std::vector<std::string>> known_divisions(const ApiConnection& connection) {
  const auto answer = api_get(connection, "/v1/regions");
  if (!answer) return answer.error();
  std::vector<std::string> divisions;
  for (const Json& region : list_at(*answer, "regions")) {
    const auto code = text_at(region, "code"), name = text_at(region, "name");
    if (code && name && code->size() == 2) divisions.push_back(*code + " " + *name);
  }
  return divisions;
}

std::string_view column_of(const std::string& what) {
  return std::string_view(what).substr(0, what.find(':'));
}

/// What the controller found wrong, at the lines it came from, but for what is told already: it judges values as we do.
void add_faults(const Json& problem, ImportFile& file) {
  const auto told = file.faults;
  for (const Json& fault : list_at(problem, "faults")) {
    const auto kind = std::ranges::find(kRecordKindNames, text_at(fault, "kind").value_or(""));
    const auto row = number_at(fault, "row").value_or(0);
    if (kind == kRecordKindNames.end()) continue;
    const auto& lines = file.lines[static_cast<std::size_t>(kind - kRecordKindNames.begin())];
    const auto line = row < lines.size() ? lines[row] : 1;
    const auto what = text_at(fault, "what").value_or("is refused");
    const bool known = std::ranges::any_of(told, [&](const FileFault& one) {
      return column_of(one.what) == column_of(what) && (one.line == line || (file.has_header && one.line == 1));
    });
    if (!known) file.fault(line, what);
  }
  file.more_faults = file.more_faults || number_at(problem, "faults_total").value_or(0) > file.faults.size();
}

std::string or_dash(const std::optional<std::string>& text) {
  return text.value_or("–");
}

std::string singular(std::string kind) {
  if (kind.ends_with('s')) kind.pop_back();
  return kind;
}

void print_changes(std::ostream& out, const Json& answer) {
  for (const char* kind : kRecordKindNames) {
    const Json& counts = object_at(answer, kind);
    const auto count = [&counts](const char* key) { return number_at(counts, key).value_or(0); };
    if (count("added") + count("changed") + count("unchanged") == 0) continue;
    out << kind << std::string(kLabelWidth - std::string_view(kind).size(), ' ') << count_text(count("added")) << " added, "
        << count_text(count("changed")) << " changed, " << count_text(count("unchanged")) << " unchanged\n";
  }
  const Json& changes = list_at(answer, "changes");
  for (const Json& change : changes) {
    const bool added = text_at(change, "change") == "added";
    std::string line = added ? "+ " : "~ ";
    line += singular(text_at(change, "kind").value_or("")) + " " + or_dash(text_at(change, "name")) + ":";
    const Json& fields = list_at(change, "fields");
    for (const Json& field : fields) {
      line += (&field == &fields.front() ? " " : ", ") + or_dash(text_at(field, "field")) + " ";
      line += added ? or_dash(text_at(field, "new")) : or_dash(text_at(field, "old")) + " → " + or_dash(text_at(field, "new"));
    }
    out << printable(line) << "\n";
  }
  const auto total = number_at(answer, "changes_total").value_or(changes.size());
  if (total > changes.size()) out << "… and " << count_text(total - changes.size()) << " more changes\n";
  const Json& moves = list_at(answer, "moves");
  for (const Json& move : moves) {
    out << printable("! site " + or_dash(text_at(move, "name")) + " moves to another division: " + or_dash(text_at(move, "from")) + " → " +
                     or_dash(text_at(move, "to")))
        << "\n";
  }
  const auto all_moves = number_at(answer, "moves_total").value_or(moves.size());
  if (all_moves > moves.size()) out << "! and " << count_text(all_moves - moves.size()) << " more sites move to another division\n";
}

/// Asks on the terminal; only the whole word yes is yes.
Result<Done> confirm(const Screen& screen, std::uint64_t changes) {
  if (!screen.terminal || screen.json) return Error{ErrorCode::kDenied, "nothing was changed: say --yes, or --dry-run to look only"};
  screen.out << "make " << plural(changes, "change") << "? Type yes: " << std::flush;
  std::string word;
  if (std::getline(std::cin, word) && word == "yes") return Done{};
  return Error{ErrorCode::kDenied, "nothing was changed"};
}

class Import {
 public:
  Import(ApiConnection connection, const Screen& screen, const ImportOptions& options)
      : connection_(std::move(connection)), screen_(screen), options_(options) {
    connection_.timeout_ms = std::max(connection_.timeout_ms, kLeastTimeoutMs);
  }

  Result<Done> run() {
    auto file = options_.foreign.from.empty() ? read_import_file(options_.file, options_.kind) : read_inventory();
    if (!file) return file.error();
    const auto divisions =
        says_regions(*file) ? known_divisions(connection_) : Result<std::vector<std::string>>(std::vector<std::string>{});
    if (!divisions) return divisions.error();
    const bool all_rows = file->faults.empty();
    check_records(*file, *divisions);
    if (!file->faults.empty()) {
      // Rows that could not be read would be missed by those that name them.
      if (all_rows) ask_what_else_is_wrong(*file);
      return Error{ErrorCode::kMalformed, file->faults_text(options_.file)};
    }
    const auto shown = ask(*file, true, {});
    if (!shown) return shown.error();
    const auto changes = number_at(*shown, "changes_total").value_or(0);
    if (!screen_.json) print_changes(screen_.out, *shown);
    if (options_.dry_run || changes == 0) return end(*shown, changes == 0 ? "nothing to change\n" : "nothing was changed: --dry-run\n");
    const auto moves = number_at(*shown, "moves_total").value_or(0);
    if (moves > 0 && !options_.allow_move) {
      return Error{ErrorCode::kDenied,
                   "nothing was changed: " + plural(moves, "site") + " would come to another division; say --allow-move if so"};
    }
    if (!options_.yes) {
      if (auto sure = confirm(screen_, changes); !sure) return sure;
    }
    const auto done = ask(*file, false, text_at(*shown, "digest").value_or(""));
    if (!done) return done.error();
    return end(*done, "done: " + plural(number_at(*done, "changes_total").value_or(0), "change") + "\n");
  }

 private:
  /// What another program knows, and what of it is not taken.
  Result<ImportFile> read_inventory() {
    auto foreign = read_foreign_file(options_.file, options_.foreign);
    if (!foreign) return foreign.error();
    if (!screen_.json) {
      for (const auto& note : foreign->notes) screen_.out << printable(note) << "\n";
    }
    return std::move(foreign->file);
  }
  Result<Json> ask(ImportFile& file, bool dry_run, const std::string& expect) {
    auto body = import_body(file, dry_run, options_.allow_move, expect);
    if (body.size() > kMostBodyBytes) {
      return Error{ErrorCode::kFull,
                   options_.file + ": comes to " + storage_text(body.size()) + ", more than the 32 MiB of one import: split it"};
    }
    std::uint32_t status = 0;
    auto answer = api_post_any(connection_, "/v1/import", std::move(body), status);
    if (!answer || status <= 299) return answer;
    add_faults(*answer, file);
    if (file.faults.empty()) return problem_of(status, *answer);
    return Error{ErrorCode::kMalformed, file.faults_text(options_.file)};
  }
  /// So that all is said in one run. Where it cannot be asked, what is known is told, and the rest by the next run.
  void ask_what_else_is_wrong(ImportFile& file) {
    auto body = import_body(file, true, true, {});
    std::uint32_t status = 0;
    if (body.size() > kMostBodyBytes) return;
    if (const auto answer = api_post_any(connection_, "/v1/import", std::move(body), status); answer && status > 299)
      add_faults(*answer, file);
  }

  Result<Done> end(const Json& answer, const std::string& text) {
    screen_.out << (screen_.json ? answer.dump() + "\n" : text);
    return Done{};
  }

  ApiConnection connection_;
  const Screen& screen_;
  const ImportOptions& options_;
};

}  // namespace

Result<Done> import_records(const ApiConnection& connection, const Screen& screen, const ImportOptions& options) {
  return Import(connection, screen, options).run();
}

}  // namespace capmap
