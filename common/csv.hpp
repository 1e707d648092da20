#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace capmap {

/// One record of a CSV file and the line it starts on (1 = the header's).
struct CsvRow {
  std::size_t line = 0;
  std::vector<std::string> cells;
};

/// A CSV file with a header. Every row has as many cells as the header has names.
struct CsvTable {
  std::string file;
  std::vector<std::string> header;
  std::vector<CsvRow> rows;
};

/// What is read at most; more is an error, never a silent cut.
struct CsvLimits {
  std::size_t text_bytes = 4 << 20;
  std::size_t rows = 100'000;
  std::size_t columns = 64;
  std::size_t cell_bytes = 4096;
};

/// Reads CSV text as RFC 4180 writes it: commas, quotes doubled inside quotes, LF or CRLF, the last line end optional.
///
/// Returns: the table; cells exactly as written, no trimming. `file` is used in messages only.
/// Errors:  kMalformed as "file:line: reason" (a stray or open quote, a control character, a row of another length, an empty or
///          repeated header name), kFull when a limit is passed.
/// Thread:  any; no state. Cost: one pass over the text.
Result<CsvTable> parse_csv(std::string_view file, std::string_view text, const CsvLimits& limits = {});

/// What is wrong with one record.
struct CsvFault {
  std::size_t line = 0;
  std::string why;
};

/// As parse_csv, but a record that is wrong is told in `faults` and passed over, so that a person learns of all mistakes at once; after
/// `most` of them, behind a wrong header or at a limit it reads no further.
CsvTable parse_csv_rows(std::string_view text, const CsvLimits& limits, std::size_t most, std::vector<CsvFault>& faults);

}  // namespace capmap
