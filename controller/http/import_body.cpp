#include "controller/http/import_body.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "controller/http/json.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostColumns = 1'000, kMostNameBytes = 1'000, kMostTextBytes = 1'000, kMostDepth = 2;

/// Says no as soon as something comes that may not stand there.
class ImportReader : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return put({}); }
  bool boolean(bool value) override {
    if (depth_ != 1 || table_ != nullptr || !flag_of(name_)) return put(value ? "true" : "false");
    *flag_of(name_) = value;
    return true;
  }
  bool number_integer(number_integer_t value) override { return put(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return put(std::to_string(value)); }
  bool number_float(number_float_t value, const string_t& written) override { return put(number_as_text(value, written)); }
  bool string(string_t& value) override {
    if (depth_ == 1 && table_ == nullptr && name_ == "expect") {
      body.expect = value.substr(0, kMostTextBytes);
      return true;
    }
    return put(value);
  }
  bool binary(binary_t&) override { return refuse("holds bytes"); }

  bool start_object(std::size_t) override {
    if (depth_ == 0) return go_in();
    if (table_ == nullptr) return refuse_here(flag_of(name_) ? "must be true or false" : "must be a list");
    if (depth_ == 1) {
      if (table_->rows.size() == kMostImportRows) return refuse_here("more than " + std::to_string(kMostImportRows) + " entries");
      table_->rows.emplace_back();
      return go_in();
    }
    if (before_.size() == kMostDepth) return refuse_here("is nested too deep");
    before_.push_back(full_name() + ".");
    return go_in();
  }
  bool end_object() override {
    --depth_;
    if (depth_ >= 2) before_.pop_back();
    return true;
  }
  bool start_array(std::size_t) override {
    if (depth_ == 0) return refuse("must be a JSON object");
    if (depth_ != 1 || table_ != nullptr) return refuse_here("must not be a list");
    const auto kind = std::ranges::find(kRecordKindNames, name_);
    if (kind == kRecordKindNames.end()) return refuse_here("must not be a list");
    const auto index = static_cast<std::size_t>(kind - kRecordKindNames.begin());
    table_ = &body.tables[index];
    return true;
  }
  bool end_array() override {
    table_ = nullptr;
    columns_.clear();
    return true;
  }
  bool key(string_t& name) override {
    if (name.size() > kMostNameBytes) return refuse("a member's name has more than " + std::to_string(kMostNameBytes) + " bytes");
    name_ = name;
    if (depth_ != 1) return true;
    const bool known = flag_of(name) || name == "expect" || std::ranges::find(kRecordKindNames, name) != kRecordKindNames.end();
    if (!known) return refuse("no member is called \"" + name + "\"; known are owners, sites, pools, links, dry_run, allow_move, expect");
    if (std::ranges::find(members_, name) != members_.end()) return refuse("\"" + name + "\" stands there twice");
    members_.push_back(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return refuse("not JSON at byte " + std::to_string(position));
  }

  ImportBody body;
  std::string problem;

 private:
  struct Seen {
    std::uint32_t column = 0;
    std::size_t row = std::numeric_limits<std::size_t>::max();
  };

  bool* flag_of(const std::string& name) { return name == "dry_run" ? &body.dry_run : name == "allow_move" ? &body.allow_move : nullptr; }
  bool go_in() {
    ++depth_;
    return true;
  }
  [[nodiscard]] std::string full_name() const { return (before_.empty() ? "" : before_.back()) + name_; }

  bool put(std::string text) {
    if (depth_ == 0) return refuse("must be a JSON object");
    if (table_ == nullptr)
      return refuse_here(flag_of(name_) ? "must be true or false" : name_ == "expect" ? "must be a text" : "must be a list");
    if (depth_ == 1) return refuse_here("must be a list of objects");
    if (text.size() > kMostTextBytes) return refuse_here("a text of more than " + std::to_string(kMostTextBytes) + " bytes");
    const auto row = table_->rows.size() - 1;
    const auto [at, made] = columns_.try_emplace(full_name());
    if (made) {
      if (table_->columns.size() == kMostColumns) return refuse_here("more than " + std::to_string(kMostColumns) + " different members");
      at->second.column = static_cast<std::uint32_t>(table_->columns.size());
      table_->columns.push_back(at->first);
    }
    if (at->second.row == row) return refuse_here("stands there twice");
    at->second.row = row;
    table_->rows.back().cells.emplace_back(at->second.column, std::move(text));
    return true;
  }

  /// "sites[3].declared.nodes: …"
  bool refuse_here(const std::string& why) {
    if (table_ == nullptr) return refuse("\"" + name_ + "\" " + why);
    const auto kind = static_cast<std::size_t>(table_ - body.tables.data());
    const auto rows = std::max<std::size_t>(table_->rows.size(), 1);
    const std::string place = kRecordKindNames[kind] + ("[" + std::to_string(rows - 1) + "]");
    return refuse(place + (depth_ > 1 ? "." + full_name() : "") + " " + why);
  }
  bool refuse(std::string why) {
    if (problem.empty()) problem = std::move(why);
    return false;
  }

  std::size_t depth_ = 0;         ///< objects we are in
  ImportTable* table_ = nullptr;  ///< of the list we are in
  std::unordered_map<std::string, Seen> columns_;
  std::vector<std::string> members_, before_;  ///< before_: what stands before names of the object we are in
  std::string name_;
};

}  // namespace

Result<ImportBody> read_import_body(const std::string& body) {
  ImportReader reader;
  if (!Json::sax_parse(body, &reader)) return Error{ErrorCode::kMalformed, "body: " + reader.problem};
  return std::move(reader.body);
}

}  // namespace capmap
