#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/csv.hpp"

namespace capmap {

/// As parse_csv_rows, of texts whose fields are parted by commas, semicolons or tabs: whichever the first line has most of outside
/// quotes. Titles come in lower case with _ for blanks ("Device role" is device_role).
CsvTable parse_delimited(std::string_view text, const CsvLimits& limits, std::size_t most, std::vector<CsvFault>& faults);

/// The cell below the first of these titles that there is; empty where there is none.
std::string_view cell_below(const CsvTable& table, const CsvRow& row, std::initializer_list<std::string_view> titles);
bool has_title(const CsvTable& table, std::initializer_list<std::string_view> titles);

}  // namespace capmap
