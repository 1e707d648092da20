#include "controller/http/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "common/time_text.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostMembers = 1'000;

/// True when `known` has the name, or the name with anything else where it has a star at its end.
bool is_known(const std::vector<std::string>& known, std::string_view name) {
  return std::ranges::any_of(known, [name](std::string_view one) {
    if (!one.ends_with(".*")) return one == name;
    const auto object = one.substr(0, one.size() - 1);
    return name.starts_with(object) && name.size() > object.size();
  });
}
bool is_object(const std::vector<std::string>& known, const std::string& name) {
  return std::ranges::any_of(known, [inside = name + "."](const std::string& one) { return one.starts_with(inside); });
}

/// Reads an object member by member; says no as soon as something comes that may not stand there, so depth and doubled members cost
/// nothing.
class BodyReader : public nlohmann::json_sax<Json> {
 public:
  explicit BodyReader(const std::vector<std::string>& known) : known_(known) {}
  bool null() override { return put({}); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(DecimalText{std::to_string(value)}); }
  bool number_unsigned(number_unsigned_t value) override { return put(std::uint64_t{value}); }
  bool number_float(number_float_t value, const string_t& written) override { return put(DecimalText{number_as_text(value, written)}); }
  bool string(string_t& value) override { return put(value); }
  bool binary(binary_t&) override { return put(OtherValue{}); }
  bool start_object(std::size_t) override {
    if (!std::exchange(inside_, true)) {
      before_.emplace_back();
      return true;
    }
    if (!is_object(known_, name_)) return refuse_nested();
    objects_.push_back(name_);
    before_.push_back(name_ + ".");
    return true;
  }
  bool end_object() override {
    before_.pop_back();
    return true;
  }
  bool start_array(std::size_t) override { return inside_ ? refuse_nested() : refuse("must be a JSON object"); }
  bool end_array() override { return true; }
  bool key(string_t& name) override {
    const bool any_name = is_known(known_, before_.back() + "*");
    name_ = before_.back() + name;
    const bool doubled = std::ranges::any_of(members, [this](const auto& member) { return member.first == name_; }) ||
                         std::ranges::find(objects_, name_) != objects_.end();
    if (doubled) return refuse("\"" + name_ + "\" stands there twice");
    if (members.size() + objects_.size() >= kMostMembers) return refuse("more than " + std::to_string(kMostMembers) + " members");
    const bool dotted = !any_name && name.find('.') != string_t::npos;
    if (!dotted && (is_known(known_, name_) || is_object(known_, name_))) return true;
    std::string words;
    for (const auto& word : known_) words += (words.empty() ? "" : ", ") + word;
    return refuse("no member is called \"" + name_ + "\"; known are " + words);
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return refuse("not JSON at byte " + std::to_string(position));
  }

  std::vector<std::pair<std::string, BodyValue>> members;
  std::string problem;

 private:
  bool put(BodyValue value) {
    if (!inside_) return refuse("must be a JSON object");
    if (value.index() != 0 && is_object(known_, name_)) return refuse("\"" + name_ + "\" must be an object");
    members.emplace_back(name_, std::move(value));
    return true;
  }
  bool refuse_nested() { return refuse("\"" + name_ + "\" must be a text or a whole number"); }
  bool refuse(std::string why) {
    if (problem.empty()) problem = std::move(why);
    return false;
  }
  const std::vector<std::string>& known_;
  bool inside_ = false;
  std::vector<std::string> before_, objects_;  ///< what stands before names of the object we are in; objects that have begun
  std::string name_;
};

Error wrong(const std::string& name, const std::string& must) {
  return {ErrorCode::kMalformed, name + ": must be " + must};
}

}  // namespace

std::string number_as_text(double value, const std::string& written) {
  if (written.find_first_of("eE") == std::string::npos) return written;
  std::array<char, 400> text{};  // the longest double has 309 digits before the point
  const int length = std::snprintf(text.data(), text.size(), "%.9f", value);
  return {text.data(), static_cast<std::size_t>(std::max(length, 0))};
}

std::string json_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

HttpResponse json_response(const Json& value, int status) {
  return {.status = status, .content_type = "application/json", .body = json_text(value), .headers = {}};
}

Json text_or_null(std::string_view text) {
  if (text.empty()) return nullptr;
  return std::string(text);
}

std::string rfc3339_ms(std::uint64_t unix_ms) {
  return rfc3339_text(unix_ms);
}

Result<std::uint64_t> parse_rfc3339(std::string_view name, const std::string& text) {
  std::tm parts{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  const auto seconds = rest == nullptr ? -1 : timegm(&parts);
  std::uint64_t ms = 0;
  if (seconds >= 0 && *rest == '.') {
    for (unsigned unit = 100; unit > 0 && rest[1] >= '0' && rest[1] <= '9'; unit /= 10) ms += unit * static_cast<unsigned>(*++rest - '0');
    ++rest;
  }
  const bool whole = seconds >= 0 && *rest == 'Z' && rest + 1 == text.c_str() + text.size();  // a NUL is no end of it
  if (whole) return static_cast<std::uint64_t>(seconds) * 1'000 + ms;
  return Error{ErrorCode::kMalformed, std::string(name) + ": must be a time as 2026-11-22T21:00:00Z, from 1970 on"};
}

std::string hex_text(std::uint64_t value) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value));
  return text.data();
}

Result<BodyObject> BodyObject::parse(std::string_view body, const std::vector<std::string>& known) {
  BodyReader reader(known);
  if (!Json::sax_parse(body.begin(), body.end(), &reader)) return Error{ErrorCode::kMalformed, "body: " + reader.problem};
  BodyObject object;
  object.members_ = std::move(reader.members);
  return object;
}

const BodyValue* BodyObject::find(std::string_view name) const {
  const auto found = std::find_if(members_.begin(), members_.end(), [name](const auto& m) { return m.first == name; });
  return found == members_.end() || found->second.index() == 0 ? nullptr : &found->second;
}

Result<std::optional<std::string>> BodyObject::text(const char* name) const {
  const BodyValue* found = find(name);
  if (found == nullptr) return std::optional<std::string>{};
  const auto* value = std::get_if<std::string>(found);
  if (value == nullptr) return wrong(name, "a text");
  return std::optional(*value);
}

Result<std::optional<bool>> BodyObject::truth(const char* name) const {
  const BodyValue* found = find(name);
  if (found == nullptr) return std::optional<bool>{};
  const auto* value = std::get_if<bool>(found);
  if (value == nullptr) return wrong(name, "true or false");
  return std::optional(*value);
}

Result<std::optional<std::uint64_t>> BodyObject::number(const char* name, std::uint64_t min, std::uint64_t max) const {
  const BodyValue* found = find(name);
  if (found == nullptr) return std::optional<std::uint64_t>{};
  const auto* value = std::get_if<std::uint64_t>(found);
  if (value == nullptr || *value < min || *value > max) {
    return wrong(name, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  return std::optional(*value);
}

Result<std::optional<std::uint64_t>> BodyObject::amount(const std::string& name, std::uint64_t max) const {
  const BodyValue* found = find(name);
  if (found == nullptr) return std::optional<std::uint64_t>{};
  std::uint64_t value = 0;
  bool whole = false;
  if (const auto* number = std::get_if<std::uint64_t>(found)) {
    value = *number;
    whole = true;
  } else if (const auto* text = std::get_if<std::string>(found)) {
    const auto read = std::from_chars(text->data(), text->data() + text->size(), value);
    whole = read.ec == std::errc() && read.ptr == text->data() + text->size();
  }
  if (whole && value <= max) return std::optional(value);
  return wrong(name, "a whole number from 0 to " + std::to_string(max) + ", or its digits as a text");
}

Result<std::optional<std::string>> BodyObject::decimal(const char* name) const {
  const BodyValue* found = find(name);
  if (found == nullptr) return std::optional<std::string>{};
  if (const auto* whole = std::get_if<std::uint64_t>(found)) return std::optional(std::to_string(*whole));
  if (const auto* number = std::get_if<DecimalText>(found)) return std::optional(number->text);
  if (const auto* written = std::get_if<std::string>(found)) return std::optional(*written);
  return wrong(name, "a number");
}

std::vector<std::string> BodyObject::names_below(std::string_view prefix) const {
  std::vector<std::string> names;
  for (const auto& [name, value] : members_) {
    if (name.starts_with(prefix) && value.index() != 0) names.push_back(name.substr(prefix.size()));
  }
  return names;
}

}  // namespace capmap
