#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"

using namespace capmap;

namespace {

std::string problem_of(const std::string& body) {
  const auto object = BodyObject::parse(body, {"name", "count"});
  return object ? "" : object.error().what;
}

}  // namespace

TEST_CASE("http json: a body of texts and whole numbers is read, null is absent") {
  const auto object = BodyObject::parse(R"({"name":"a\u00e9","count":7})", {"name", "count"});
  REQUIRE(object);
  CHECK(*object->text("name") == "aé");
  CHECK(*object->number("count", 1, 7) == 7U);
  const auto empty = BodyObject::parse(R"({"name":null})", {"name", "count"});
  REQUIRE(empty);
  CHECK_FALSE(empty->text("name")->has_value());
  CHECK_FALSE(empty->number("count", 0, 1)->has_value());
}

TEST_CASE("http json: a body with anything else is refused, saying where or which") {
  CHECK(problem_of("") == "body: not JSON at byte 1");
  CHECK(problem_of(R"({"name":)") == "body: not JSON at byte 9");
  CHECK(problem_of(R"({"name":"a"}x)") == "body: not JSON at byte 13");
  CHECK(problem_of("{\"name\":\"\xff\"}").find("not JSON at byte") != std::string::npos);
  CHECK(problem_of("[]") == "body: must be a JSON object");
  CHECK(problem_of("7") == "body: must be a JSON object");
  CHECK(problem_of(R"({"name":{}})") == "body: \"name\" must be a text or a whole number");
  CHECK(problem_of(R"({"name":[1]})") == "body: \"name\" must be a text or a whole number");
  CHECK(problem_of(R"({"name":"a","name":"b"})") == "body: \"name\" stands there twice");
  CHECK(problem_of(R"({"nam":"a"})") == "body: no member is called \"nam\"; known are name, count");
  CHECK(problem_of(std::string(60'000, '[')) == "body: must be a JSON object");
  CHECK(problem_of("{\"name\":" + std::string(60'000, '[')) == "body: \"name\" must be a text or a whole number");
}

TEST_CASE("http json: a member of the wrong kind or size is named") {
  const auto object = BodyObject::parse(R"({"name":1,"count":-1})", {"name", "count"});
  REQUIRE(object);
  CHECK(object->text("name").error().what == "name: must be a text");
  CHECK(object->number("count", 1, 9).error().what == "count: must be a whole number from 1 to 9");
  CHECK_FALSE(object->number("name", 2, 9).ok());
  for (const char* body :
       {R"({"count":1.5})", R"({"count":true})", R"({"count":"1"})", R"({"count":1e2})", R"({"count":99999999999999999999})"}) {
    INFO(body);
    CHECK_FALSE(BodyObject::parse(body, {"count"})->number("count", 0, 9).ok());
  }
}

TEST_CASE("http json: times, epochs and texts that are not UTF-8 come out well-formed") {
  CHECK(rfc3339_ms(0) == "1970-01-01T00:00:00.000Z");
  CHECK(rfc3339_ms(1'709'208'000'007) == "2024-02-29T12:00:00.007Z");
  CHECK(hex_text(0x1F) == "000000000000001f");
  CHECK(json_text(Json{{"a", "x\xffy"}}) == "{\"a\":\"x\xEF\xBF\xBDy\"}");
  CHECK(json_text(text_or_null("")) == "null");
}

TEST_CASE("http json: a time is one text from its year to its Z, with no other text behind it") {
  CHECK(*parse_rfc3339("from", "2024-02-29T12:00:00Z") == 1'709'208'000'000);
  CHECK(*parse_rfc3339("from", "2024-02-29T12:00:00.007Z") == 1'709'208'000'007);
  using namespace std::string_literals;
  for (const auto& text : {"2024-02-29T12:00:00Z\0x"s, "2024-02-29T12:00:00Z\0"s, "2024-02-29T12:00:00\0Z"s, "2024-02-29T12:00:00"s,
                           "2024-02-29T12:00:00.Zx"s, "1969-12-31T23:59:59Z"s, "\0"s, ""s}) {
    const auto time = parse_rfc3339("from", text);
    REQUIRE_FALSE(time);
    CHECK(time.error().what.starts_with("from: must be a time"));
  }
}

TEST_CASE("http json: each error code has its status, and a problem says what it knows") {
  CHECK(error_response({ErrorCode::kMalformed, "x"}).status == 400);
  CHECK(error_response({ErrorCode::kTimeout, "x"}).status == 504);
  CHECK(error_response({ErrorCode::kFull, "x"}).status == 507);
  const auto busy = error_response({ErrorCode::kUnavailable, "x"});
  CHECK(busy.headers == TextPairs{{"Retry-After", "1"}});
  CHECK(problem_response({.status = 400, .word = "w", .detail = "d", .known = {"k"}}).body ==
        R"({"type":"urn:capmap:problem:w","title":"Bad Request","status":400,"detail":"d","known":["k"]})");
}
