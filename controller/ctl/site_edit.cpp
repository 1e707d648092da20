// One site's declarations, changed by flags or in an editor: shown first, then done.
#include "controller/ctl/site_edit.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>

#include "controller/ctl/http_client.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/store/columns.hpp"

extern char** environ;

namespace capmap {
namespace {

using Json = ApiJson;

const std::string kModelColumns = std::string("declared.") + kDeclaredModels + ".";

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return value.is_number() ? value.dump() : std::string();
}

/// The member that a column is of: "declared.nodes" stands in the object declared.
std::string text_at_column(const Json& site, const std::string& column) {
  const auto dot = column.find('.');
  const Json& object = dot == std::string::npos ? site : object_at(site, column.substr(0, dot).c_str());
  const auto name = dot == std::string::npos ? column : column.substr(dot + 1);
  return object.contains(name) ? text_of(object[name]) : std::string();
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r"), last = text.find_last_not_of(" \t\r");
  return first == std::string_view::npos ? std::string() : std::string(text.substr(first, last - first + 1));
}

using Lines = std::map<std::string, std::pair<std::string, std::size_t>>;  ///< column -> text, line

Result<Lines> read_lines(const std::string& file, const std::string& text) {
  Lines all;
  std::istringstream in(text);
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    line = trimmed(line);
    if (line.empty() || line.front() == '#') continue;
    const auto place = file + ":" + std::to_string(number) + ": ";
    const auto equals = line.find('=');
    if (equals == std::string::npos) return Error{ErrorCode::kMalformed, place + "is no \"column = text\""};
    const auto column = trimmed(std::string_view(line).substr(0, equals));
    if (auto known = check_column(RecordKind::kSites, column); !known && !column.starts_with(kModelColumns)) {
      return Error{ErrorCode::kMalformed, place + column + ": " + known.error().what};
    }
    const auto [at, added] = all.try_emplace(column, trimmed(std::string_view(line).substr(equals + 1)), number);
    if (!added)
      return Error{ErrorCode::kMalformed, place + column + ": stands there twice, also in line " + std::to_string(at->second.second)};
  }
  return all;
}

Result<Done> run_editor(const std::string& file) {
  const char* editor = std::getenv("VISUAL");
  if (editor == nullptr || *editor == '\0') editor = std::getenv("EDITOR");
  const std::string command = std::string(editor == nullptr || *editor == '\0' ? "vi" : editor) + " \"$1\"";
  std::string shell = "sh", flag = "-c", script = command, path = file;
  const std::array<char*, 6> arguments = {shell.data(), flag.data(), script.data(), shell.data(), path.data(), nullptr};
  pid_t child = 0;
  const int failed = posix_spawnp(&child, "sh", nullptr, nullptr, arguments.data(), environ);
  int status = 0;
  const bool ended = failed == 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (ended) return Done{};
  return Error{ErrorCode::kUnavailable,
               "the editor (" + command.substr(0, command.size() - 5) + ") did not end well: set EDITOR, or say flags"};
}

/// A file of the user's own, for an editor; removed unless it is kept.
class EditedFile {
 public:
  static Result<EditedFile> make(const std::string& text) {
    const char* folder = std::getenv("TMPDIR");
    std::string path = std::string(folder == nullptr || *folder == '\0' ? "/tmp" : folder) + "/capmap-site-XXXXXX";
    const int descriptor = mkstemp(path.data());
    if (descriptor < 0) return Error{ErrorCode::kDenied, path + ": cannot be made; set TMPDIR to a folder of yours"};
    close(descriptor);
    EditedFile made(path);
    std::ofstream out(path);
    out << text;
    out.close();
    if (!out) return Error{ErrorCode::kFull, path + ": cannot be written"};
    return made;
  }
  explicit EditedFile(std::string path) : path_(std::move(path)) {}
  EditedFile(EditedFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  EditedFile(const EditedFile&) = delete;
  EditedFile& operator=(const EditedFile&) = delete;
  EditedFile& operator=(EditedFile&&) = delete;
  ~EditedFile() {
    if (!path_.empty()) unlink(path_.c_str());
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string text() const {
    std::ifstream in(path_);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  /// What somebody has typed is not thrown away because it was refused.
  std::string keep() { return std::exchange(path_, {}); }

 private:
  std::string path_;
};

void print_changes(std::ostream& out, const Json& answer) {
  for (const Json& change : list_at(answer, "changes")) {
    out << printable("~ " + text_at(change, "field").value_or("") + " " + text_at(change, "old").value_or("–") + " → " +
                     text_at(change, "new").value_or("–"))
        << "\n";
  }
}

Json body_of(const SiteTexts& texts) {
  Json fields = Json::object();
  for (const auto& [column, text] : texts) fields[column] = text;
  return {{"fields", std::move(fields)}};
}

/// Asks on the terminal; only the whole word yes is yes.
Result<Done> confirm(const Screen& screen, std::size_t changes) {
  if (!screen.terminal || screen.json) return Error{ErrorCode::kDenied, "nothing was changed: say --yes, or --dry-run to look only"};
  screen.out << "make " << plural(changes, "change") << "? Type yes: " << std::flush;
  std::string word;
  if (std::getline(std::cin, word) && word == "yes") return Done{};
  return Error{ErrorCode::kDenied, "nothing was changed"};
}

Result<Done> change(const ApiConnection& connection, const Screen& screen, const SiteEdit& edit) {
  const auto path = "/v1/sites/" + url_escaped(edit.site);
  Json body = body_of(edit.texts);
  body["dry_run"] = true;
  const auto shown = api_post(connection, path, body);
  if (!shown) return shown.error();
  const auto changes = list_at(*shown, "changes").size();
  if (!screen.json) print_changes(screen.out, *shown);
  if (changes == 0 || edit.dry_run) {
    screen.out << (screen.json ? shown->dump() + "\n" : changes == 0 ? "nothing to change\n" : "nothing was changed: --dry-run\n");
    return Done{};
  }
  if (!edit.yes) {
    if (auto confirmed = confirm(screen, changes); !confirmed) return confirmed;
  }
  body["dry_run"] = false;
  body["expect"] = text_at(*shown, "digest").value_or("");
  const auto done = api_post(connection, path, body);
  if (!done) return done.error();
  screen.out << (screen.json ? done->dump() + "\n" : "site " + printable(edit.site) + " changed\n");
  return Done{};
}

/// The line of the column that a refusal begins with, before it.
Error placed(const Error& error, const EditedFile& file, const SiteLines& lines) {
  for (const auto& [column, line] : lines.lines) {
    const auto at = error.what.find(column + ": ");
    if (at == std::string::npos || (at > 0 && error.what[at - 1] != ' ')) continue;
    return {error.code, file.path() + ":" + std::to_string(line) + ": " + error.what};
  }
  return error;
}

Result<Done> edit_in_editor(const ApiConnection& connection, const Screen& screen, SiteEdit edit) {
  const auto answer = api_get_as_admin(connection, "/v1/sites");
  if (!answer) return answer.error();
  for (const Json& site : list_at(*answer, "sites")) {
    if (text_at(site, "name") != edit.site && text_at(site, "id") != edit.site) continue;
    const auto before = site_file(site, text_at(*answer, "coordinates") == "exact");
    auto file = EditedFile::make(before);
    if (!file) return file.error();
    if (auto ended = run_editor(file->path()); !ended) return ended;
    const auto lines = changed_lines(file->path(), before, file->text());
    const auto kept = [&file](const Error& error) { return Error{error.code, error.what + "\nwhat was typed is kept in " + file->keep()}; };
    if (!lines) return kept(lines.error());
    if (lines->changed.empty()) {
      screen.out << "nothing to change\n";
      return Done{};
    }
    edit.texts = lines->changed;
    auto done = change(connection, screen, edit);
    return done || done.error().what.starts_with("nothing was changed") ? done : Result<Done>(kept(placed(done.error(), *file, *lines)));
  }
  return Error{ErrorCode::kAbsent, "no site is called \"" + edit.site + "\"; see capmapctl sites list"};
}

}  // namespace

std::string site_file(const Json& site, bool exact) {
  std::string text = "# site " + text_at(site, "name").value_or("") + " (" + text_at(site, "id").value_or("") +
                     "): a line a column, \"column = text\"; no text: not declared.\n"
                     "# Lines that are taken away change nothing. Save and leave; what would change is shown first.\n";
  for (const auto& column : column_names(RecordKind::kSites)) {
    if (!exact && (column == "latitude" || column == "longitude")) continue;
    text += column + " = " + text_at_column(site, column) + "\n";
  }
  for (const auto& [model, count] : object_at(object_at(site, "declared"), kDeclaredModels).items()) {
    text += kModelColumns + model + " = " + text_of(count) + "\n";
  }
  return text;
}

Result<SiteLines> changed_lines(const std::string& file, const std::string& before, const std::string& after) {
  const auto old = read_lines(file, before), now = read_lines(file, after);
  if (!old) return old.error();
  if (!now) return now.error();
  SiteLines lines;
  for (const auto& [column, said] : *now) {
    const auto there = old->find(column);
    lines.lines[column] = said.second;
    if ((there == old->end() ? std::string() : there->second.first) != said.first) lines.changed.emplace_back(column, said.first);
  }
  return lines;
}

Result<Done> edit_site(const ApiConnection& connection, const Screen& screen, const SiteEdit& edit) {
  if (!edit.texts.empty()) return change(connection, screen, edit);
  if (!screen.terminal || screen.json) {
    return Error{ErrorCode::kMalformed, "say what is to be changed, --pue 1.25; an editor is asked on a terminal alone"};
  }
  return edit_in_editor(connection, screen, edit);
}

}  // namespace capmap
