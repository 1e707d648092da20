#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "controller/store/columns.hpp"
#include "controller/store/import_table.hpp"

namespace capmap {

/// What is wrong at one place of a file.
struct FileFault {
  std::size_t line = 0;
  std::string what;  ///< "column: why and what would be right"
};

/// A file of sites, pools, owners and links as it says them: CSV by its header row, of one kind; or TOML with [[site]], [[pool]],
/// [[owner]] and [[link]].
struct ImportFile {
  static constexpr std::size_t kMostBytes = 64 << 20, kMostFaults = 100, kMostTextBytes = 1'000;

  std::array<ImportTable, kRecordKindNames.size()> tables;              ///< [RecordKind]
  std::array<std::vector<std::size_t>, kRecordKindNames.size()> lines;  ///< [RecordKind][row]
  std::vector<FileFault> faults;                                        ///< the first kMostFaults
  bool has_header = false;                                              ///< names of columns stand in line 1, not in each row
  bool more_faults = false;                                             ///< there are more, or the rest was not read

  void fault(std::size_t line, std::string what);
  [[nodiscard]] ImportTable& table(RecordKind kind) { return tables[static_cast<std::size_t>(kind)]; }
  /// All faults by line, each as "path:line: what".
  [[nodiscard]] std::string faults_text(const std::string& path) const;
};

/// Reads a file; "….toml" as TOML. Errors: kAbsent, kDenied; kFull (above 64 MiB, said before it is read); mistakes in it are its faults.
Result<ImportFile> read_import_file(const std::string& path, RecordKind kind);
/// The text of such a file. Errors likewise.
Result<std::string> read_import_text(const std::string& path);
/// The same of texts. Pure.
ImportFile read_import_csv(std::string_view text, RecordKind kind);
ImportFile read_import_toml(std::string_view text);

/// Adds what rows are wrong about by themselves: unknown columns, values that no column takes, names that are missing or there twice.
/// `divisions`: first two digits of region codes that are known, with their names for messages; empty = not looked at.
void check_records(ImportFile& file, const std::vector<std::string>& divisions);

/// The body of POST /v1/import, but for what is said of it as a whole.
std::string import_body(const ImportFile& file, bool dry_run, bool allow_move, const std::string& expect);

}  // namespace capmap
