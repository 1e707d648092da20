#include "common/config.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace capmap {
namespace {

/// A program's settings and a file of its own, removed at the end.
struct Sample {
  std::string endpoint = "tcp://none:1";
  std::uint32_t every_s = 3600;
  bool loud = false;
  std::vector<Setting> settings;
  std::string path = "/tmp/capmap-config-test-" + std::to_string(getpid()) + ".toml";

  Sample() {
    settings.push_back({.key = "controller.endpoint", .target = &endpoint, .help = "where to report"});
    settings.push_back({.key = "shape.every_s", .target = &every_s, .help = "seconds", .min = 60, .max = 86'400});
    settings.push_back({.key = "loud", .target = &loud, .help = "say more"});
  }
  ~Sample() { unlink(path.c_str()); }
  Sample(const Sample&) = delete;
  Sample& operator=(const Sample&) = delete;

  Result<Done> read(const std::string& text) {
    std::FILE* file = std::fopen(path.c_str(), "w");
    REQUIRE(file != nullptr);
    REQUIRE(std::fwrite(text.data(), 1, text.size(), file) == text.size());
    std::fclose(file);
    return read_toml(path, settings);
  }
  std::string why(const std::string& text) {
    const auto done = read(text);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == ErrorCode::kMalformed);
    return done.error().what;
  }
};

TEST_CASE("config: values of a file take the place of defaults and say their line") {
  Sample sample;
  REQUIRE(sample.read("loud = true\n[controller]\nendpoint = \"tcp://a:8471\"\n[shape]\nevery_s = 120\n"));
  CHECK(sample.endpoint == "tcp://a:8471");
  CHECK(sample.every_s == 120);
  CHECK(sample.loud);
  CHECK(sample.settings[0].origin == sample.path + ":3");
}

TEST_CASE("config: an unknown key names file, line, column and the nearest known key") {
  Sample sample;
  CHECK(sample.why("[controller]\nendpiont = \"x\"\n") ==
        sample.path + ":2:1: unknown key controller.endpiont; the nearest known one is controller.endpoint");
  CHECK(sample.why("[shapes]\n").find("unknown key shapes; the nearest known one is shape") != std::string::npos);
}

TEST_CASE("config: a wrong type, a number out of range and broken syntax are refused with their place") {
  Sample sample;
  CHECK(sample.why("controller.endpoint = 5\n") == sample.path + ":1:23: controller.endpoint takes text in quotes");
  CHECK(sample.why("shape.every_s = 59\n") == sample.path + ":1:17: shape.every_s takes a number from 60 to 86400");
  CHECK(sample.why("shape.every_s = \"120\"\n").find("takes a number") != std::string::npos);
  CHECK(sample.why("loud = [true]\n") == sample.path + ":1:8: loud takes true or false");
  CHECK(sample.why("\nloud = = true\n").find(sample.path + ":2:") == 0);
  CHECK(sample.why("shape = 5\n").find("unknown key shape") != std::string::npos);
  CHECK(sample.why("controller.endpoint = \"a\\nb\"\n").find("without control characters") != std::string::npos);
}

TEST_CASE("config: a table without a name is refused with its place") {
  Sample sample;
  CHECK_THAT(sample.why("loud = true\n[,x]\n"), Catch::Contains(":2:2: a table needs a name"));
  CHECK_THAT(sample.why("loud = [\n[\n]\n]\n"), Catch::Contains(":1:8: loud takes true or false"));  // an array in an array
  for (const char* text :
       {"[", "[[", " [ ", "[\n", "[[\n]]", "[\x01]", "[[ =]]", "[.a]", "\xEF\xBB\xBF[,a]", "[ [a]", "[\xC3\xA9]", "n = 1\n [\t,"}) {
    CAPTURE(text);
    CHECK_FALSE(sample.read(text));
  }
  CHECK(sample.read("[ shape ] # a comment\n\tevery_s = 60\n[\"controller\"]\nendpoint = 'tcp://a:1'\n"));
}

TEST_CASE("config: characters beyond ASCII stand in strings and comments, and elsewhere are refused with their place") {
  Sample sample;
  CHECK_THAT(sample.why("loud = true\ncolour \xEF\xBB\xBE= 1\n"), Catch::Contains(":2:8: characters beyond ASCII"));
  CHECK_THAT(sample.why("n = '\xE5\x8C\x97' \xE4\n"), Catch::Contains(":1:11: characters beyond ASCII"));
  for (const char* text : {"# \xE5\x8C\x97 'x\n", "[controller]\nendpoint = \"a\\\"\xE5\x8C\x97\"  # \xE4\xBA\xAC\n"}) {
    CAPTURE(text);
    const auto read = sample.read(text);
    CHECK((read || read.error().what.find("beyond ASCII") == std::string::npos));
  }
}

TEST_CASE("config: dates and times outside quotes are refused with their place") {
  Sample sample;
  CHECK_THAT(sample.why("loud = true\nwhen = 2026-11-22T_21:00\n"), Catch::Contains(":2:8: a date or time"));
  CHECK_THAT(sample.why("when = 2026-"), Catch::Contains("a date or time"));
  CHECK_THAT(sample.why("when = [ 12:30 ]"), Catch::Contains(":1:10: a date or time"));
  const auto read = sample.read("[controller]\nendpoint = \"2026-11-22T_\"  # 2026-11-22Tx 12:30\n");
  CHECK((read || read.error().what.find("a date or time") == std::string::npos));
}

TEST_CASE("config: what looks like a text and is none to toml++ hides nothing: it is refused with its place and the fix") {
  Sample sample;
  CHECK_THAT(sample.why("loud = true\nn = +'C\xC3\xA9\n"),
             Catch::Contains(":2:6: a quote in the middle of a value; put all of it in quotes"));
  CHECK_THAT(sample.why("n = 1='\xC3\xA9'"), Catch::Contains(":1:6: '=' stands once, between a key and its value"));
  CHECK_THAT(sample.why("n = [\n 1['\xC3\xA9'"), Catch::Contains(":2:3: a bracket in the middle of a value"));
  CHECK_THAT(sample.why("n = [ 1 }"), Catch::Contains(":1:9: a bracket that closes none"));
  CHECK_THAT(sample.why("n = \"\"\"a\\\n \xC3\xA9\"\"\"\n"),
             Catch::Contains(":1:5: a text stands in single or double quotes, on one line"));
  for (const char* text :
       {"n = 1'\xC3\xA9'", "n = 0x\"\xC3\xA9\"", "n = -.'\xC3\xA9'", "n = [\n1='\xC3\xA9']", "n = [0,1='\xC3\xA9']", "n = 1{'\xC3\xA9'",
        "n = {a=1,b=2='\xC3\xA9'}", "n = {a={}+'\xC3\xA9'}", "n = [[1],[2]'\xC3\xA9']", "n = ''\"\xC3\xA9\"", "n = 20_26-11-22 1'\xC3\xA9'",
        "n = [ { a = [ 1, 2 ] }, +'\xC3\xA9' ]", "n = 1\r'\xC3\xA9'", "n = '''\xC3\xA9'''", "n = ]\xC3\xA9"}) {
    CAPTURE(text);
    const auto read = sample.read(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().what.find("unknown key") == std::string::npos);
    CHECK(read.error().what.find(sample.path + ":") == 0);
  }
}

TEST_CASE("config: every form of TOML that a setting can need is read") {
  Sample sample;
  std::vector<Label> labels;
  sample.settings.push_back({.key = "labels", .target = &labels, .help = "key=value", .flag = "--label"});
  REQUIRE(sample.read("\"loud\"=true#'\r\n[ controller ]\nendpoint='tcp://\xC3\xA9[=1]{,'\n[shape]\nevery_s = 1_20 # \"\n"));
  CHECK(sample.endpoint == "tcp://\xC3\xA9[=1]{,");
  CHECK(sample.every_s == 120);
  REQUIRE(sample.read(
      "shape = { every_s = 0x3c }\nlabels = {rack=\"\xC3\xA9 'x'\",\"a.b\"='\"', c = \"1\" }\n'controller'.\"endpoint\" = ''\n"));
  CHECK(labels == std::vector<Label>{{"a.b", "\""}, {"c", "1"}, {"rack", "\xC3\xA9 'x'"}});
  CHECK(sample.every_s == 60);
  CHECK(sample.endpoint.empty());
}

TEST_CASE("config: a reason is one line, also where it quotes the end of one") {
  Sample sample;
  const auto why = sample.why("loud = f\nn = 1\n");
  CHECK_THAT(why, Catch::Contains(":1:9: "));
  CHECK(why.find('\n') == std::string::npos);
}

TEST_CASE("config: a file that is not there, not readable, not a file or far too long is told apart") {
  Sample sample;
  CHECK(read_toml(sample.path, sample.settings).error() == Error{ErrorCode::kAbsent, sample.path + ": No such file or directory"});
  CHECK(read_toml("/tmp", sample.settings).error().code == ErrorCode::kMalformed);
  CHECK(sample.read(std::string(300'000, '\n')).error().code == ErrorCode::kFull);
  REQUIRE(chmod(sample.path.c_str(), 0) == 0);
  if (geteuid() != 0) CHECK(read_toml(sample.path, sample.settings).error().code == ErrorCode::kDenied);
}

TEST_CASE("config: flags come over the file and are checked alike") {
  Sample sample;
  REQUIRE(sample.read("shape.every_s = 120\n"));
  REQUIRE(set_from_flag(sample.settings[1], "240"));
  REQUIRE(set_from_flag(sample.settings[2], "true"));
  CHECK(sample.every_s == 240);
  CHECK(sample.settings[1].origin == "flag");
  for (const char* wrong : {"", "59", "1e3", "120 ", "-1", "99999999999999999999"}) {
    CAPTURE(wrong);
    CHECK(set_from_flag(sample.settings[1], wrong).error().what == "--shape-every-s takes a number from 60 to 86400");
  }
  CHECK(set_from_flag(sample.settings[2], "yes").error().what == "--loud takes true or false");
  CHECK(sample.every_s == 240);
}

TEST_CASE("config: labels are a table of texts, added to by a flag; what is none is refused with its place and the fix") {
  Sample sample;
  std::vector<Label> labels;
  sample.settings.push_back({.key = "labels", .target = &labels, .help = "key=value", .flag = "--label"});
  REQUIRE(sample.read("loud = true\n[labels]\nrack = \"r12\"\n\"a.b\" = \"c\"\n"));
  CHECK(labels == std::vector<Label>{{"a.b", "c"}, {"rack", "r12"}});
  CHECK(sample.settings[3].origin == sample.path + ":2");
  REQUIRE(set_from_flag(sample.settings[3], "rack=r=13"));
  REQUIRE(set_from_flag(sample.settings[3], "row=b \"2\""));
  CHECK(labels == std::vector<Label>{{"a.b", "c"}, {"rack", "r=13"}, {"row", "b \"2\""}});
  const auto printed = print_settings(sample.settings);
  CHECK_THAT(printed, Catch::Contains("labels = { \"a.b\" = \"c\", \"rack\" = \"r=13\", \"row\" = \"b \\\"2\\\"\" }  # flag\n"));
  const auto before = std::exchange(labels, {});
  REQUIRE(sample.read(printed));
  CHECK(labels == before);

  CHECK(sample.why("[labels]\nok = \"1\"\nRack = \"r12\"\n") ==
        sample.path + ":3:1: labels.Rack is no label: a key has 1 to 63 of a-z 0-9 . _ -");
  CHECK(sample.why("labels.rack = 12\n").find(":1:8: labels.rack takes text in quotes") != std::string::npos);
  CHECK(sample.why("[labels]\na.b = \"c\"\n").find("a key with a dot stands in quotes too") != std::string::npos);
  CHECK(sample.why("labels = 5\n").find("labels is a table of texts: rack = \"r12\"") != std::string::npos);
  CHECK(set_from_flag(sample.settings[3], "rack").error().what == "--label takes key=value");
  CHECK(set_from_flag(sample.settings[3], "=x").error().what == "--label is no label: a key has 1 to 63 of a-z 0-9 . _ -");
}

TEST_CASE("config: printed settings are TOML that reads back to the same values") {
  Sample sample;
  sample.endpoint = R"(tcp://"a\b":1)";
  sample.every_s = 600;
  const auto text = print_settings(sample.settings);
  CHECK(text.find("shape.every_s = 600  # default\n") != std::string::npos);
  Sample again;
  REQUIRE(again.read(text));
  CHECK(again.endpoint == sample.endpoint);
  CHECK(again.every_s == 600);
}

}  // namespace
}  // namespace capmap
