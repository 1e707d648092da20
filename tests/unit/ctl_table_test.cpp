#include <catch2/catch.hpp>

#include "controller/ctl/text_table.hpp"

using namespace capmap;
using Align = TextTable::Align;

TEST_CASE("numbers stand right, text left, and lines end without spaces") {
  TextTable table({{"NAME", Align::kLeft}, {"CORES"}, {"NOTE", Align::kLeft}});
  table.add({"a", "7", "x"});
  table.add({"longer", "1,024"});
  CHECK(table.text(false) ==
        "NAME    CORES  NOTE\n"
        "a           7  x\n"
        "longer  1,024\n");
}

TEST_CASE("Chinese names take two columns a character and stay aligned") {
  CHECK(display_width("北京") == 4);
  CHECK(display_width("é") == 1);
  CHECK(display_width("e\u0301") == 1);
  TextTable table({{"SITE", Align::kLeft}, {"NODES"}});
  table.add({"北京一号", "3"});
  table.add({"beijing", "12"});
  CHECK(table.text(false) ==
        "SITE      NODES\n"
        "北京一号      3\n"
        "beijing      12\n");
}

TEST_CASE("what others wrote cannot move the cursor or turn the line round") {
  CHECK(printable("a\033[2Jb") == "a?[2Jb");
  CHECK(printable("a\nb\tc\x7f") == "a?b?c?");
  CHECK(printable("a\u202eb\u200bc\u0085") == "a?b?c?");
  CHECK(printable("\xff\xc0\xaf\xed\xa0\x80 \xe5\x8c") == "???? ??");
  CHECK(printable("北京 é 😀") == "北京 é 😀");
  TextTable table({{"HOST", Align::kLeft}});
  table.add({"\033[31mred"});
  CHECK(table.text(false) == "HOST\n?[31mred\n");
}

TEST_CASE("a text that does not fit keeps both its ends, and no half characters") {
  CHECK(fitted("abcdef", 6) == "abcdef");
  CHECK(fitted("abcdef", 4) == "ab…f");
  CHECK(fitted("abcdef", 1) == "…");
  CHECK(fitted("Intel Xeon Platinum 8480+", 12) == "Intel …8480+");
  CHECK(fitted("北京一号", 5) == "北…号");
  CHECK(fitted("北京一号", 4) == "北…");
  CHECK(fitted("abc", 0).empty());
}

TEST_CASE("a table too wide for 100 columns shortens its text and never its numbers") {
  TextTable table({{"A", Align::kLeft}, {"B", Align::kLeft}, {"N"}});
  table.add({std::string(80, 'a'), std::string(30, 'b'), "123,456,789"});
  const std::string text = table.text(false);
  const std::string row = text.substr(text.find('\n') + 1);
  CHECK(display_width(row.substr(0, row.size() - 1)) == TextTable::kMaxWidth);
  CHECK_THAT(row, Catch::EndsWith("  123,456,789\n"));
  CHECK_THAT(row, Catch::Contains("a…" + std::string(27, 'a') + "  " + std::string(30, 'b')));
}

TEST_CASE("titles are bold on a terminal only") {
  TextTable table({{"A", Align::kLeft}});
  CHECK(table.text(false) == "A\n");
  CHECK(table.text(true) == "\033[1mA\033[0m\n");
}

TEST_CASE("a labelled text is wrapped between words, and a long label does not push it away") {
  CHECK(labelled("cpu", "two cores", 6) == "cpu   two cores\n");
  CHECK(labelled("accelerator", "one", 6) == "ac…or one\n");
  const std::string text = labelled("cpu", std::string(60, 'a') + " " + std::string(60, 'b'), 6);
  CHECK(text == "cpu   " + std::string(60, 'a') + "\n      " + std::string(60, 'b') + "\n");
  CHECK(plural(1, "node") == "1 node");
  CHECK(plural(0, "node") == "0 nodes");
}
