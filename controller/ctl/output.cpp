#include "controller/ctl/output.hpp"

#include <nlohmann/json.hpp>
#include <sstream>

namespace capmap {

Result<std::string> formatted(OutputFormat format, const std::string& documents) {
  if (format != OutputFormat::kCsv && format != OutputFormat::kYaml) return documents;
  std::istringstream lines(documents);
  std::string text;
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    const auto document = parse_answer(line);
    if (!document) return Error{ErrorCode::kMalformed, "this command's answer is no JSON: leave -o out"};
    if (format == OutputFormat::kYaml) {
      text += (count == 0 ? "" : "---\n") + yaml_text(*document);
    } else {
      if (count != 0) return Error{ErrorCode::kMalformed, "this command's answer is no table: -o json or -o yaml"};
      auto table = csv_of(*document);
      if (!table) return table.error();
      text = std::move(*table);
    }
    ++count;
  }
  return text;
}

}  // namespace capmap
