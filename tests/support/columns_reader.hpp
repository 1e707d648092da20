#pragma once
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace capmap::support {

/// Reads what packaging/doc/columns.md lays out, by that page alone, back into the JSON answer it stands for. Throws where it does not fit.
class ColumnsReader {
 public:
  using Json = nlohmann::ordered_json;

  explicit ColumnsReader(const std::string& bytes) : bytes_(bytes) {
    if (bytes.substr(0, 8) != "CMCOLS1\n") throw std::runtime_error("no magic");
    const auto length = number(8, 4);
    head_ = Json::parse(bytes.substr(12, length));
    data_ = 12 + length;
    if (data_ % 8 != 0) throw std::runtime_error("the columns begin at no boundary");
  }

  [[nodiscard]] const Json& head() const { return head_; }

  [[nodiscard]] Json answer() const {
    const auto rows = head_.at("rows").get<std::size_t>();
    std::vector<Json> list(rows);
    for (const auto& column : head_.at("columns")) put(column, list);
    Json answer = head_.at("rest");
    answer[head_.at("of").get<std::string>()] = list;
    return answer;
  }

 private:
  [[nodiscard]] std::uint64_t number(std::size_t at, std::size_t width) const {
    if (at + width > bytes_.size()) throw std::runtime_error("cut short");
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value |= std::uint64_t{static_cast<unsigned char>(bytes_[at + i])} << (8 * i);
    return value;
  }
  [[nodiscard]] bool bit(std::size_t at, std::size_t row) const { return (number(at + row / 8, 1) >> (row % 8) & 1U) != 0; }
  static std::size_t padded(std::size_t bytes) { return (bytes + 7) / 8 * 8; }
  [[nodiscard]] std::string blob(std::size_t ends, std::size_t count, std::size_t i) const {
    const auto begin = number(ends + 4 * i, 4), end = number(ends + 4 * (i + 1), 4);
    return bytes_.substr(ends + 4 * (count + 1) + begin, end - begin);
  }

  void put(const Json& column, std::vector<Json>& list) const {
    const auto rows = list.size();
    auto at = data_ + column.at("at").get<std::size_t>();
    if (at % 8 != 0) throw std::runtime_error("a column begins at no boundary");
    const auto map = padded((rows + 7) / 8);
    const auto absent = column.contains("absent") ? std::exchange(at, at + map) : 0;
    const auto nulls = column.contains("nulls") ? std::exchange(at, at + map) : 0;
    for (std::size_t row = 0; row < rows; ++row) {
      if (absent != 0 && !bit(absent, row)) continue;
      Json* place = &list[row];
      for (const auto& name : column.at("path")) place = &(*place)[name.get<std::string>()];
      *place = nulls != 0 && !bit(nulls, row) ? Json(nullptr) : value(column.at("type"), at, rows, row);
    }
  }

  [[nodiscard]] Json value(const std::string& type, std::size_t at, std::size_t rows, std::size_t row) const {
    if (type == "null") return nullptr;
    if (type == "bool") return bit(at, row);
    if (type == "text") return blob(at, rows, row);
    if (type == "json") return Json::parse(blob(at, rows, row));
    if (type == "i64") return static_cast<std::int64_t>(number(at + 8 * row, 8));
    if (type == "f64") {
      const auto bits = number(at + 8 * row, 8);
      double real = 0;
      std::memcpy(&real, &bits, sizeof real);
      return real;
    }
    const auto digits = type.find_first_of("0123456789");
    const std::size_t width = std::stoul(type.substr(digits)) / 8;
    if (type.starts_with("words")) {
      const auto count = number(at, 4);
      const auto codes = at + padded(4 + 4 * (count + 1) + number(at + 4 + 4 * count, 4));
      return blob(at + 4, count, number(codes + width * row, width));
    }
    const auto whole = number(at + width * row, width);
    return type[0] == 'd' ? Json(std::to_string(whole)) : Json(whole);
  }

  const std::string& bytes_;
  Json head_;
  std::size_t data_ = 0;
};

}  // namespace capmap::support
