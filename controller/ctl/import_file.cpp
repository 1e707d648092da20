#include "controller/ctl/import_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "common/csv.hpp"
#include "common/csv_row.hpp"
#include "common/utf8.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr CsvLimits kLimits = {
    .text_bytes = ImportFile::kMostBytes, .rows = kMostImportRows, .columns = 1'000, .cell_bytes = ImportFile::kMostTextBytes};

Error file_error(const std::string& path, int error) {
  const auto code = error == ENOENT || error == ENOTDIR ? ErrorCode::kAbsent
                    : error == EACCES || error == EPERM ? ErrorCode::kDenied
                                                        : ErrorCode::kUnavailable;
  return {code, path + ": " + std::strerror(error)};
}

void append_text(std::string& out, const std::string& text) {
  out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void ImportFile::fault(std::size_t line, std::string what) {
  if (faults.size() < kMostFaults) {
    faults.push_back({.line = line, .what = std::move(what)});
  } else {
    more_faults = true;
  }
}

std::string ImportFile::faults_text(const std::string& path) const {
  auto sorted = faults;
  std::ranges::stable_sort(sorted, {}, &FileFault::line);
  std::string text;
  for (const auto& fault : sorted) text += (text.empty() ? "" : "\n") + path + ":" + std::to_string(fault.line) + ": " + fault.what;
  if (more_faults) text += "\n" + path + ": more is wrong; these are the first " + std::to_string(faults.size());
  return text + "\nnothing was changed";
}

Result<std::string> read_import_text(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) return file_error(path, errno);
  if (!S_ISREG(about.st_mode)) return Error{ErrorCode::kMalformed, path + ": is no file"};
  if (static_cast<std::uint64_t>(about.st_size) > ImportFile::kMostBytes) {
    return Error{ErrorCode::kFull, path + ": has " + std::to_string(about.st_size) + " bytes, over 64 MiB: import it in parts"};
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return file_error(path, errno);
  std::string text(static_cast<std::size_t>(about.st_size), '\0');
  file.read(text.data(), about.st_size);
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

Result<ImportFile> read_import_file(const std::string& path, RecordKind kind) {
  const auto text = read_import_text(path);
  if (!text) return text.error();
  return path.ends_with(".toml") ? read_import_toml(*text) : read_import_csv(*text, kind);
}

ImportFile read_import_csv(std::string_view text, RecordKind kind) {
  ImportFile file;
  file.has_header = true;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<CsvFault> faults;
  auto table = parse_csv_rows(text, kLimits, ImportFile::kMostFaults, faults);
  for (auto& fault : faults) file.fault(fault.line, std::move(fault.why));
  file.more_faults = faults.size() == ImportFile::kMostFaults;
  for (const auto& name : table.header) {
    if (!is_utf8(name)) file.fault(1, "a name of a column is not UTF-8: save the file as UTF-8");
    if (name.empty()) file.fault(1, "a column has no name: name it, or leave it out");
    if (std::ranges::count(table.header, name) > 1) file.fault(1, name + ": the column is there twice");
  }
  auto& records = file.table(kind);
  records.columns = std::move(table.header);
  for (auto& row : table.rows) {
    auto& record = records.rows.emplace_back();
    file.lines[static_cast<std::size_t>(kind)].push_back(row.line);
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      if (!is_utf8(row.cells[i])) {
        file.fault(row.line, records.columns[i] + ": is not UTF-8: save the file as UTF-8");
        row.cells[i].clear();
      }
      record.cells.emplace_back(static_cast<std::uint32_t>(i), std::move(row.cells[i]));
    }
  }
  return file;
}

std::string import_body(const ImportFile& file, bool dry_run, bool allow_move, const std::string& expect) {
  std::string body = "{";
  for (std::size_t kind = 0; kind < file.tables.size(); ++kind) {
    const auto& table = file.tables[kind];
    if (table.rows.empty()) continue;
    std::vector<std::string> names;
    for (const auto& column : table.columns) append_text(names.emplace_back(), column);
    body += in_quotes(kRecordKindNames[kind]) + ":[";
    for (const auto& row : table.rows) {
      body += &row == table.rows.data() ? "{" : ",{";
      for (const auto& cell : row.cells) {
        if (&cell != row.cells.data()) body += ',';
        body.append(names[cell.first]) += ':';
        append_text(body, cell.second);
      }
      body += '}';
    }
    body += "],";
  }
  body += std::string(R"("dry_run":)") + (dry_run ? "true" : "false") + R"(,"allow_move":)" + (allow_move ? "true" : "false");
  if (!expect.empty()) {
    body += R"(,"expect":)";
    append_text(body, expect);
  }
  return body + "}";
}

}  // namespace capmap
