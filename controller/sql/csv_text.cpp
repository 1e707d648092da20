#include "controller/sql/csv_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/check.hpp"

namespace capmap {
namespace {

std::string as_utf8(const std::string& text) {
  if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) return text;
  using Json = nlohmann::json;
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

}  // namespace

CsvText::CsvText(const std::vector<std::string>& titles) : columns_(titles.size()) {
  write(titles);
}

void CsvText::add(const std::vector<std::string>& fields) {
  check(fields.size() == columns_, "a row of a table has as many fields as there are titles");
  write(fields);
}

void CsvText::write(const std::vector<std::string>& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) text_ += ',';
    const auto field = as_utf8(fields[i]);
    if (field.find_first_of(",\"\r\n") == std::string::npos) {
      text_ += field;
      continue;
    }
    text_ += '"';
    for (const char c : field) text_.append(c == '"' ? 2 : 1, c);
    text_ += '"';
  }
  text_ += "\r\n";
}

}  // namespace capmap
