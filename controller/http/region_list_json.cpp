#include "controller/http/region_list_json.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "controller/http/json.hpp"

namespace capmap {
namespace {

/// Reads the body member by member, so that nothing is kept of one that is wrong.
class ImportReader : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return refuse_value(); }
  bool boolean(bool value) override {
    if (depth_ != 1 || key_ != "dry_run") return refuse_value();
    import.dry_run = value;
    return true;
  }
  bool number_integer(number_integer_t) override { return refuse_value(); }
  bool number_unsigned(number_unsigned_t value) override {
    if (depth_ != 1 || key_ != "year" || value < kFirstListYear || value > kLastListYear) return refuse_value();
    import.list.year = static_cast<std::uint32_t>(value);
    return true;
  }
  bool number_float(number_float_t, const string_t&) override { return refuse_value(); }
  bool string(string_t& value) override {
    if (!in_row()) return refuse_value();
    auto& row = import.list.rows.back();
    (key_ == "code" ? row.code : key_ == "name" ? row.name : row.name_en) = std::move(value);
    return true;
  }
  bool binary(binary_t&) override { return refuse_value(); }
  bool start_object(std::size_t) override {
    if (depth_ == 0) {
      depth_ = 1;
      return true;
    }
    if (depth_ != 2) return refuse_value();
    if (import.list.rows.size() == kMostListedRegions) return refuse("regions: more than " + std::to_string(kMostListedRegions));
    import.list.rows.emplace_back();
    seen_in_row_ = {};
    depth_ = 3;
    return true;
  }
  bool end_object() override {
    --depth_;
    if (depth_ != 2) return true;
    const auto why = region_problem(import.list.rows.back());
    return why.empty() || refuse(place() + ": " + why);
  }
  bool start_array(std::size_t) override {
    if (depth_ != 1 || key_ != "regions") return refuse_value();
    depth_ = 2;
    return true;
  }
  bool end_array() override {
    depth_ = 1;
    return true;
  }
  bool key(string_t& name) override {
    const auto& names = depth_ == 1 ? kMembers : kRowMembers;
    auto& seen = depth_ == 1 ? seen_ : seen_in_row_;
    const auto at = std::ranges::find(names, name);
    const std::string where = depth_ == 1 ? "body" : place();
    if (at == names.end()) {
      return refuse(where + ": no member is called \"" + name + "\"; known are " + names[0] + ", " + names[1] + ", " + names[2]);
    }
    if (std::exchange(seen[static_cast<std::size_t>(at - names.begin())], true))
      return refuse(where + ": \"" + name + "\" stands there twice");
    key_ = name;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return refuse("body: not JSON at byte " + std::to_string(position));
  }

  RegionImport import;
  std::string problem;

 private:
  using Names = std::array<std::string, 3>;
  inline static const Names kMembers = {"year", "regions", "dry_run"}, kRowMembers = {"code", "name", "name_en"};

  [[nodiscard]] bool in_row() const { return depth_ == 3; }
  [[nodiscard]] std::string place() const { return "regions[" + std::to_string(import.list.rows.size() - 1) + "]"; }
  bool refuse_value() {
    if (in_row()) return refuse(place() + ": " + key_ + ": must be a text");
    if (depth_ == 0) return refuse("body: must be a JSON object");
    if (depth_ == 2) return refuse("regions: must be objects with code and name");
    if (key_ == "year") return refuse("year: must be a whole number from 1980 to 2100");
    return refuse(key_ == "dry_run" ? "dry_run: must be true or false" : "regions: must be an array");
  }
  bool refuse(std::string why) {
    if (problem.empty()) problem = std::move(why);
    return false;
  }

  int depth_ = 0;  ///< 1: in the object, 2: in the array, 3: in a row
  std::string key_;
  std::array<bool, 3> seen_{}, seen_in_row_{};
};

}  // namespace

Result<RegionImport> read_region_import(std::string_view body) {
  ImportReader reader;
  if (!Json::sax_parse(body.begin(), body.end(), &reader)) {
    return Error{ErrorCode::kMalformed, reader.problem};
  }
  auto& list = reader.import.list;
  if (list.year == 0) return Error{ErrorCode::kMalformed, "year: of which year is the list?"};
  if (list.rows.empty()) return Error{ErrorCode::kMalformed, "regions: there is none"};
  std::ranges::sort(list.rows, {}, &ListedRegion::code);
  const auto twice = std::ranges::adjacent_find(list.rows, {}, &ListedRegion::code);
  if (twice != list.rows.end()) return Error{ErrorCode::kMalformed, "regions: code " + twice->code + " stands there twice"};
  for (auto& row : list.rows) row.year = list.year;
  return std::move(reader.import);
}

}  // namespace capmap
