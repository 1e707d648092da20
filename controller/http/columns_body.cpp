#include "controller/http/columns_body.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace capmap {
namespace {

constexpr std::string_view kMagic("CMCOLS1\n", 8);
constexpr std::size_t kAlign = 8, kMostDepth = 8;

/// [row]: the value there, or null where the row has no such member.
using Values = std::vector<const Json*>;

void pad(std::string& out) {
  out.resize((out.size() + kAlign - 1) / kAlign * kAlign, '\0');
}

template <class Number>
void put(std::string& out, Number value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFFU);
}

std::size_t width_of(std::uint64_t most) {
  return most <= UINT8_MAX ? 1 : most <= UINT16_MAX ? 2 : most <= UINT32_MAX ? 4 : 8;
}

bool is_value(const Json* value) {
  return value != nullptr && !value->is_null();
}

/// Digits as a number, where writing the number gives the same digits.
std::optional<std::uint64_t> decimal_of(const Json& value) {
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty() && (text.size() == 1 || text[0] != '0');
  return whole ? std::optional(number) : std::nullopt;
}

class Writer {
 public:
  explicit Writer(std::size_t rows) : rows_(rows) {}

  /// One column, or those of its members where it is an object with the same members in each row.
  void add(const Json& path, const Values& values) {
    if (path.size() < kMostDepth && add_members(path, values)) return;
    Json column = {{"path", path}, {"type", ""}, {"at", data_.size()}, {"bytes", 0}};
    const auto begin = data_.size();
    if (add_bits(values, [](const Json* value) { return value != nullptr; })) column["absent"] = true;
    if (add_bits(values, is_value)) column["nulls"] = true;
    column["type"] = add_values(values);
    column["bytes"] = data_.size() - begin;
    columns_.push_back(std::move(column));
  }

  [[nodiscard]] const Json& columns() const { return columns_; }
  [[nodiscard]] const std::string& data() const { return data_; }

 private:
  bool add_members(const Json& path, const Values& values) {
    if (values.empty() || values[0] == nullptr || !values[0]->is_object() || values[0]->empty()) return false;
    std::vector<std::string> names;
    for (const auto& [name, value] : values[0]->items()) names.push_back(name);
    const auto same = [&names](const Json* value) {
      if (value == nullptr || !value->is_object() || value->size() != names.size()) return false;
      auto name = names.begin();
      return std::all_of(value->items().begin(), value->items().end(), [&name](const auto& item) { return item.key() == *name++; });
    };
    if (!std::all_of(values.begin(), values.end(), same)) return false;
    // Members stand in one order in all rows: the i-th is the i-th everywhere.
    std::vector<Json::const_iterator> at;
    for (const auto* value : values) at.push_back(value->begin());
    Values members(values.size());
    for (const auto& name : names) {
      for (std::size_t row = 0; row < values.size(); ++row) members[row] = &*at[row]++;
      Json deeper = path;
      deeper.push_back(name);
      add(deeper, members);
    }
    return true;
  }

  /// A bit a row, where one of them is not set; true: they are there.
  template <class Test>
  bool add_bits(const Values& values, Test test) {
    if (std::all_of(values.begin(), values.end(), test)) return false;
    std::string bits((rows_ + 7) / 8, '\0');
    for (std::size_t row = 0; row < rows_; ++row) {
      if (test(values[row])) bits[row / 8] = static_cast<char>(static_cast<unsigned char>(bits[row / 8]) | 1U << row % 8);
    }
    data_ += bits;
    pad(data_);
    return true;
  }

  const char* add_values(const Values& values) {
    bool any = false, truth = true, whole = true, signed_whole = true, number = true, text = true, digits = true;
    std::uint64_t most = 0;
    for (const auto* value : values) {
      if (!is_value(value)) continue;
      any = true;
      truth = truth && value->is_boolean();
      number = number && value->is_number_float();
      text = text && value->is_string();
      signed_whole =
          signed_whole && value->is_number_integer() && (!value->is_number_unsigned() || value->get<std::uint64_t>() <= INT64_MAX);
      whole = whole && value->is_number_integer() && (value->is_number_unsigned() || value->get<std::int64_t>() >= 0);
      if (whole) most = std::max(most, value->get<std::uint64_t>());
      const auto decimal = digits ? decimal_of(*value) : std::nullopt;
      digits = digits && decimal.has_value();
      if (digits) most = std::max(most, *decimal);
    }
    if (!any) return "null";
    if (truth) return add_bools(values);
    if (whole)
      return add_numbers(
          values, most, [](const Json& value) { return value.get<std::uint64_t>(); }, kWhole);
    if (signed_whole)
      return add_numbers(
          values, UINT64_MAX, [](const Json& value) { return value.get<std::int64_t>(); }, kSigned);
    if (number) return add_floats(values);
    if (digits)
      return add_numbers(
          values, most, [](const Json& value) { return *decimal_of(value); }, kDecimal);
    if (text) return add_texts(values);
    add_blobs(values, [](const Json& value) { return json_text(value); });
    return "json";
  }

  using Names = std::array<const char*, 9>;  ///< [width]
  static constexpr Names kWhole = {"", "u8", "u16", "", "u32", "", "", "", "u64"}, kSigned = {"", "", "", "", "", "", "", "", "i64"},
                         kDecimal = {"", "d8", "d16", "", "d32", "", "", "", "d64"};

  template <class Read>
  const char* add_numbers(const Values& values, std::uint64_t most, Read read, const Names& names) {
    const auto width = width_of(most);
    for (const auto* value : values) put(data_, is_value(value) ? read(*value) : 0, width);
    pad(data_);
    return names[width];
  }

  const char* add_bools(const Values& values) {
    std::string bits((rows_ + 7) / 8, '\0');
    for (std::size_t row = 0; row < rows_; ++row) {
      const bool set = is_value(values[row]) && values[row]->get<bool>();
      if (set) bits[row / 8] = static_cast<char>(static_cast<unsigned char>(bits[row / 8]) | 1U << row % 8);
    }
    data_ += bits;
    pad(data_);
    return "bool";
  }

  const char* add_floats(const Values& values) {
    for (const auto* value : values) {
      const double number = is_value(value) ? value->get<double>() : 0;
      std::uint64_t bits = 0;
      std::memcpy(&bits, &number, sizeof bits);
      put(data_, bits, sizeof bits);
    }
    return "f64";
  }

  /// Texts that come again are told once, and rows by their numbers.
  const char* add_texts(const Values& values) {
    std::unordered_map<std::string_view, std::size_t> numbers;
    Values words;
    for (const auto* value : values) {
      if (is_value(value) && numbers.emplace(value->get_ref<const std::string&>(), words.size()).second) words.push_back(value);
    }
    if (words.size() * 2 > rows_ + 1) {
      add_blobs(values, [](const Json& value) { return value.get<std::string>(); });
      return "text";
    }
    put(data_, words.size(), 4);
    add_blobs(words, [](const Json& value) { return value.get<std::string>(); });
    const auto width = width_of(words.size());
    for (const auto* value : values) put(data_, is_value(value) ? numbers.at(value->get_ref<const std::string&>()) : 0, width);
    pad(data_);
    return width == 1 ? "words8" : width == 2 ? "words16" : "words32";
  }

  /// Where each begins, and where the last ends; then all of them.
  template <class Write>
  void add_blobs(const Values& values, Write write) {
    std::string bytes;
    std::vector<std::size_t> ends = {0};
    for (const auto* value : values) {
      if (is_value(value)) bytes += write(*value);
      ends.push_back(bytes.size());
    }
    for (const auto end : ends) put(data_, end, 4);
    data_ += bytes;
    pad(data_);
  }

  std::size_t rows_;
  std::string data_;
  Json columns_ = Json::array();
};

}  // namespace

bool wants_columns(const HttpRequest& request) {
  return header(request, "accept").value_or("").find(kColumnsType) != std::string_view::npos;
}

std::string columns_body(const Json& answer, const char* rows) {
  const Json& list = answer.at(rows);
  Values values;
  for (const auto& row : list) values.push_back(&row);
  Writer writer(values.size());
  if (!values.empty()) writer.add(Json::array(), values);
  Json rest = Json::object();
  for (const auto& [name, value] : answer.items()) {
    if (name != rows) rest[name] = value;
  }
  const Json head = {{"version", 1}, {"of", rows}, {"rows", values.size()}, {"columns", writer.columns()}, {"rest", std::move(rest)}};
  auto text = json_text(head);
  std::string out(kMagic);
  text.resize((text.size() + 4 + kAlign - 1) / kAlign * kAlign - 4, ' ');  // so that the columns begin at a boundary
  put(out, text.size(), 4);
  return out + text + writer.data();
}

HttpResponse columns_response(const Json& answer, const char* rows) {
  HttpResponse response{.status = 200, .content_type = kColumnsType, .body = columns_body(answer, rows), .headers = {}};
  response.headers.emplace_back("Vary", "Accept");
  return response;
}

}  // namespace capmap
