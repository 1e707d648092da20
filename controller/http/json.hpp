#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/result.hpp"
#include "controller/http/message.hpp"

namespace capmap {

/// Keeps members in the order they were put in, so that answers read as they are documented.
using Json = nlohmann::ordered_json;

/// One line of text. Bytes that are not UTF-8 (names come from outside) become U+FFFD.
std::string json_text(const Json& value);
HttpResponse json_response(const Json& value, int status = 200);

/// null for an empty text: what was not declared or is not known.
Json text_or_null(std::string_view text);
/// "2026-11-22T21:00:00.123Z"
std::string rfc3339_ms(std::uint64_t unix_ms);
/// Unix ms of "2026-11-22T21:00:00Z" or "…T21:00:00.123Z". Errors: kMalformed naming `name`.
Result<std::uint64_t> parse_rfc3339(std::string_view name, const std::string& text);
/// 16 hex digits, as an epoch is shown.
std::string hex_text(std::uint64_t value);

/// A number that is not whole, or below zero, as it was written.
struct DecimalText {
  std::string text;
};
/// What a request body may hold that is none of the others.
struct OtherValue {};
/// null, a text, a whole number, true or false, another number, or anything else.
using BodyValue = std::variant<std::monostate, std::string, std::uint64_t, bool, DecimalText, OtherValue>;
/// A number as it was written; with an exponent, as one of nine places.
std::string number_as_text(double value, const std::string& written);

/// A request body that must be one JSON object of texts, whole numbers, true and false, with known members only. Objects may stand inside
/// it where a known name says so: "declared.nodes" is the member nodes of the object declared, "by_model.*" any member of by_model.
class BodyObject {
 public:
  /// Errors: kMalformed: not JSON (with the position), nested where no name allows it, no object, a member that is not in `known` or stands
  /// there twice, more members than any body of ours has.
  static Result<BodyObject> parse(std::string_view body, const std::vector<std::string>& known);

  /// Absent when the member is absent or null. Errors: kMalformed naming the member and the type it must have.
  [[nodiscard]] Result<std::optional<std::string>> text(const char* name) const;
  [[nodiscard]] Result<std::optional<bool>> truth(const char* name) const;
  [[nodiscard]] Result<std::optional<std::uint64_t>> number(const char* name, std::uint64_t min, std::uint64_t max) const;
  /// As number(); a text of digits will do too: what may pass 2^53 is told so.
  [[nodiscard]] Result<std::optional<std::uint64_t>> amount(const std::string& name, std::uint64_t max) const;
  /// Any number as it was written, also as a text.
  [[nodiscard]] Result<std::optional<std::string>> decimal(const char* name) const;
  /// Names below "prefix", without it, in the order they stood there; those that are null left out.
  [[nodiscard]] std::vector<std::string> names_below(std::string_view prefix) const;

 private:
  [[nodiscard]] const BodyValue* find(std::string_view name) const;
  std::vector<std::pair<std::string, BodyValue>> members_;
};

}  // namespace capmap
