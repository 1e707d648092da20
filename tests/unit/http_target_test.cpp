#include <catch2/catch.hpp>
#include <random>

#include "controller/http/routes.hpp"
#include "controller/http/target.hpp"

using namespace capmap;

TEST_CASE("http target: path and query are split and unescaped") {
  const auto target = parse_target("/v1/nodes/n-a?site=a%20b+c%2B&by=region%2Csite&empty=&flag&&x=1=2");
  REQUIRE(target);
  CHECK(target->segments == std::vector<std::string>{"v1", "nodes", "n-a"});
  CHECK(parameter(*target, "site") == "a b c+");
  CHECK(parameter(*target, "by") == "region,site");
  CHECK(parameter(*target, "empty") == "");
  CHECK(parameter(*target, "flag") == "");
  CHECK(parameter(*target, "x") == "1=2");
  CHECK_FALSE(parameter(*target, "none"));
}

TEST_CASE("http target: an escaped slash stays inside its segment, and a last slash is an empty one") {
  CHECK(parse_target("/a%2Fb/c")->segments == std::vector<std::string>{"a/b", "c"});
  CHECK(parse_target("/a/")->segments == std::vector<std::string>{"a", ""});
  CHECK(parse_target("//")->segments == std::vector<std::string>{"", ""});
  CHECK(parse_target("/")->segments.empty());
  CHECK(parse_target("/?a=/b")->segments.empty());
}

TEST_CASE("http target: what has no meaning is refused") {
  for (const char* text : {"", "x", "*", "http://a/", "/%", "/%1", "/%zz", "/a?b=%g0", "/%00", "/%0a", "/a?b=%7f", "/%ff", "/%c0%af",
                           "/%ed%a0%80", "/%f4%90%80%80", "/%e4%bd", "/%f8%88%80%80%80"}) {
    INFO(text);
    CHECK_FALSE(parse_target(text).ok());
  }
  CHECK(parse_target("/%e5%8c%97%E4%BA%AC/%f0%9f%98%80").ok());
  CHECK_FALSE(parse_target("/" + std::string(4'096, 'a')).ok());
  std::string deep, wide = "/?";
  for (int i = 0; i < 17; ++i) {
    deep += "/a";
    wide += "a=1&";
  }
  CHECK_FALSE(parse_target(deep).ok());
  CHECK_FALSE(parse_target(wide).ok());
}

TEST_CASE("http target: whatever bytes come, the answer is a target of clean texts or an error") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const std::string_view likely = "/?&=%+0aF\xe4\xbd";
  for (int round = 0; round < 20'000; ++round) {
    std::string text = "/";
    for (auto length = random() % 40; length > 0; --length)
      text += random() % 4 == 0 ? static_cast<char>(random()) : likely[random() % likely.size()];
    const auto target = parse_target(text);
    if (!target) continue;
    for (const auto& segment : target->segments) CHECK(segment.find('\0') == std::string::npos);
    CHECK(target->segments.size() <= 16);
    CHECK(target->query.size() <= 16);
  }
}

TEST_CASE("http target: a path fits a route only whole, and gives what stands in the braces") {
  std::string value;
  CHECK(path_fits("/v1/nodes/{id}", {"v1", "nodes", "n-x"}, value));
  CHECK(value == "n-x");
  CHECK_FALSE(path_fits("/v1/nodes/{id}", {"v1", "nodes"}, value));
  CHECK_FALSE(path_fits("/v1/nodes/{id}", {"v1", "nodes", ""}, value));
  CHECK_FALSE(path_fits("/v1/nodes", {"v1", "nodes", "n-x"}, value));
  CHECK_FALSE(path_fits("/v1/nodes", {"v1", "nodes", ""}, value));
  CHECK_FALSE(path_fits("/v1/nodes", {}, value));
}

TEST_CASE("http target: counts are digits within their limits") {
  CHECK(*parse_count("limit", "12", 1, 12) == 12);
  for (const char* text : {"", "0", "13", "-1", "+1", "1.0", " 1", "1 ", "99999999999999999999"}) {
    INFO(text);
    const auto count = parse_count("limit", text, 1, 12);
    REQUIRE_FALSE(count.ok());
    CHECK(count.error().what == "limit: must be a number from 1 to 12");
  }
}
