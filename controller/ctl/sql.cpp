#include "controller/ctl/sql.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string_view>
#include <utility>

#include "common/whole_file.hpp"
#include "controller/ctl/api.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

constexpr const char* kPath = "/v1/sql";
constexpr std::size_t kMaxTableBytes = 1'000'000;  ///< a request may have a mebibyte
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kMaxStatementBytes = 65'536;
constexpr const char* kHelp =
    ".tables           the tables there are\n"
    ".schema [TABLE]   columns of one, or of all\n"
    ".examples         statements to learn from\n"
    ".quit             end; so does the end of the input\n"
    "A statement ends with ; at the end of a line.\n";

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// Errors: as file_error; kFull beyond the limit.
Result<std::string> read_table(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return file_error(path, "read", errno);
  std::string text(kMaxTableBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad()) return file_error(path, "read", errno);
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  if (text.size() <= kMaxTableBytes) return text;
  return Error{ErrorCode::kFull, path + ": a table that goes with a statement may have at most 1,000,000 bytes"};
}

/// One run of the command.
class Session {
 public:
  Session(const ApiConnection& connection, const Screen& screen, const SqlCommand& command)
      : connection_(connection), screen_(screen), command_(command) {}

  Result<Done> attach();
  Result<Done> one(const std::string& text) { return text.starts_with('.') ? dot(text) : statement(text); }
  Result<Done> all(std::istream& input);

 private:
  Result<Done> dot(const std::string& line);
  Result<Done> statement(const std::string& text);
  Result<const Json*> reference();

  const ApiConnection& connection_;
  const Screen& screen_;
  const SqlCommand& command_;
  Json tables_ = Json::object();  ///< that go along
  Json reference_;
};

Result<Done> Session::attach() {
  for (const auto& given : command_.attach) {
    const auto equals = given.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{ErrorCode::kMalformed, "--attach-csv: \"" + given + "\" is no table and file: NAME=FILE"};
    }
    const auto name = given.substr(0, equals);
    auto text = read_table(given.substr(equals + 1));
    if (!text) return text.error();
    if (tables_.contains(name)) return Error{ErrorCode::kMalformed, "--attach-csv: \"" + name + "\" stands there twice"};
    tables_[name] = std::move(*text);
  }
  return Done{};
}

Result<const Json*> Session::reference() {
  if (reference_.is_null()) {
    auto answer = api_get(connection_, kPath);
    if (!answer) return answer.error();
    reference_ = std::move(*answer);
  }
  return &reference_;
}

Result<Done> Session::dot(const std::string& line) {
  const auto blank = line.find(' ');
  const auto word = line.substr(0, blank);
  const auto rest = blank == std::string::npos ? std::string() : trimmed(line.substr(blank));
  if (word == ".help") {
    screen_.out << kHelp;
    return Done{};
  }
  if (word != ".tables" && word != ".schema" && word != ".examples") {
    return Error{ErrorCode::kMalformed, "\"" + word + "\" is not known; .help lists what is"};
  }
  const auto known = reference();
  if (!known) return known.error();
  if (screen_.json) {
    screen_.out << (*known)->dump() << "\n";
  } else if (word == ".tables") {
    screen_.out << sql_tables_text(**known, screen_.terminal);
  } else if (word == ".examples") {
    screen_.out << sql_examples_text(**known);
  } else {
    const auto text = sql_schema_text(**known, rest, screen_.terminal);
    if (!text) return text.error();
    screen_.out << *text;
  }
  return Done{};
}

Result<Done> Session::statement(const std::string& text) {
  Json body = {{"sql", text}, {"rows", command_.rows}, {"ms", command_.ms}};
  if (!tables_.empty()) body["tables"] = tables_;
  Json problem;
  auto connection = connection_;
  connection.timeout_ms = std::max(connection.timeout_ms, command_.ms + 10'000);
  const auto answer = api_ask(connection, kPath, body, problem);
  if (!answer) return problem.is_object() ? Error{answer.error().code, sql_problem_text(text, problem)} : answer.error();
  if (screen_.json) {
    screen_.out << answer->dump() << "\n";
    return Done{};
  }
  screen_.out << (command_.csv ? sql_rows_csv(*answer) : sql_rows_text(*answer, screen_.terminal));
  if (!command_.csv || !answer->value("truncated", false)) return Done{};
  return Error{ErrorCode::kFull,
               "the CSV is not complete: it has the first " + std::to_string(command_.rows) + " rows; ask for more with --rows"};
}

Result<Done> Session::all(std::istream& input) {
  std::string waiting;
  Result<Done> last = Done{};
  const auto prompt = [&] {
    if (command_.prompt) screen_.out << (waiting.empty() ? "sql> " : "...> ") << std::flush;
  };
  const auto take = [&](const std::string& text) {
    last = one(text);
    if (!last && command_.prompt) screen_.out << last.error().what << "\n";
    return last || command_.prompt;
  };
  prompt();
  for (std::string line; std::getline(input, line); prompt()) {
    const auto text = trimmed(line);
    if (waiting.empty() && (text == ".quit" || text == ".exit")) return Done{};
    if (waiting.empty() && text.starts_with('.')) {
      if (!take(text)) return last;
      continue;
    }
    if (waiting.empty() && text.empty()) continue;
    waiting += line + "\n";
    if (waiting.size() > kMaxStatementBytes) return Error{ErrorCode::kFull, "a statement may have at most 65,536 bytes; it ends with ;"};
    if (!text.ends_with(';')) continue;
    if (!take(std::exchange(waiting, ""))) return last;
  }
  if (command_.prompt) screen_.out << "\n";
  if (!trimmed(waiting).empty() && !take(waiting)) return last;
  return command_.prompt ? Done{} : last;
}

}  // namespace

Result<Done> run_sql_command(const ApiConnection& connection, const Screen& screen, const SqlCommand& command, std::istream& input) {
  Session session(connection, screen, command);
  if (auto attached = session.attach(); !attached) return attached;
  if (command.examples) return session.one(".examples");
  if (!command.statement.empty()) return session.one(command.statement);
  if (command.prompt) screen.out << "SQL over the live map; .help tells what there is, .examples shows statements\n";
  return session.all(input);
}

}  // namespace capmap
