#include "common/labels.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace capmap {
namespace {

TEST_CASE("labels: keys of lower-case letters, digits, dot, underscore and dash, and printable values are taken") {
  for (const auto& [key, value] : std::vector<Label>{{"rack", "r12"},
                                                     {"a.b_c-9", "with blanks = and \"quotes\""},
                                                     {std::string(63, 'k'), std::string(63, 'v')},
                                                     {"room", "\xE5\x8C\x97\xE4\xBA\xAC"},
                                                     {"face", "\xF0\x9F\x98\x80"}}) {
    CAPTURE(key, value);
    CHECK_FALSE(label_problem(key, value));
  }
}

TEST_CASE("labels: what is no label is told with what would be one") {
  for (const auto& key :
       {std::string(), std::string("Rack"), std::string("a b"), std::string("a=b"), std::string(64, 'k'), std::string("\xE5\x8C\x97")}) {
    CAPTURE(key);
    CHECK(label_problem(key, "x") == "is no label: a key has 1 to 63 of a-z 0-9 . _ -");
  }
  for (const auto& value : {std::string(), std::string(64, 'v'), std::string("a\nb"), std::string("\x7f"), std::string("\xC2\x85"),
                            std::string("\xff"), std::string("\xE5\x8C"), std::string("\xC0\xAF"), std::string("\xE0\x80\xAF"),
                            std::string("\xED\xA0\x80"), std::string("\xF4\x90\x80\x80")}) {
    CAPTURE(value);
    CHECK(label_problem("rack", value) == "is no label: a value has 1 to 63 bytes of printable UTF-8");
  }
}

TEST_CASE("labels: a list keeps its order, a key once, and holds sixteen") {
  std::vector<Label> labels;
  for (int i = 15; i >= 0; --i) CHECK_FALSE(put_label(labels, "key-" + std::to_string(10 + i), "v"));
  CHECK(std::ranges::is_sorted(labels, {}, &Label::key));
  CHECK(put_label(labels, "more", "v") == "is one label too many: a server has at most 16");
  CHECK_FALSE(put_label(labels, "key-12", "other"));
  CHECK(labels.size() == kMaxLabels);
  CHECK(labels[2] == Label{"key-12", "other"});
}

}  // namespace
}  // namespace capmap
