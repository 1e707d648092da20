#include "common/csv.hpp"

#include <catch2/catch.hpp>

using namespace capmap;

namespace {

std::string refusal(std::string_view text, const CsvLimits& limits = {}) {
  const auto table = parse_csv("t.csv", text, limits);
  return table ? "accepted" : table.error().what;
}

}  // namespace

TEST_CASE("csv: a quoted cell holds commas, quotes and line ends", "[csv]") {
  const auto table = parse_csv("t.csv", "a,b\r\n\"x,\"\"y\"\"\n2\",z\r\nlast,\n");
  REQUIRE(table);
  REQUIRE(table->header == std::vector<std::string>{"a", "b"});
  REQUIRE(table->rows.size() == 2);
  CHECK(table->rows[0].cells == std::vector<std::string>{"x,\"y\"\n2", "z"});
  CHECK(table->rows[1].cells == std::vector<std::string>{"last", ""});
}

TEST_CASE("csv: a row's line is where it starts, counting line ends inside quotes", "[csv]") {
  const auto table = parse_csv("t.csv", "a\n\"1\n2\"\n3");
  REQUIRE(table);
  REQUIRE(table->rows.size() == 2);
  CHECK(table->rows[0].line == 2);
  CHECK(table->rows[1].line == 4);
}

TEST_CASE("csv: the last line needs no end, and blanks are kept", "[csv]") {
  const auto table = parse_csv("t.csv", "a,b\n 1 ,");
  REQUIRE(table);
  CHECK(table->rows[0].cells == std::vector<std::string>{" 1 ", ""});
}

TEST_CASE("csv: broken text is refused with file, line and reason", "[csv]") {
  CHECK(refusal("a,b\n1\n") == "t.csv:2: 1 cells where the header has 2");
  CHECK(refusal("a,b\n1,2\n1,2,3\n") == "t.csv:3: 3 cells where the header has 2");
  CHECK(refusal("a\n\"open\n\n") == "t.csv:2: a quote that is never closed");
  CHECK(refusal("a\nx\"y\n") == "t.csv:2: a quote inside a cell that does not begin with one");
  CHECK(refusal("a\n\"x\"y\n") == "t.csv:2: text after a closing quote, or a carriage return alone");
  CHECK(refusal("a\nx\ry\n") == "t.csv:2: text after a closing quote, or a carriage return alone");
  CHECK(refusal(std::string_view("a\nx\0y\n", 6)) == "t.csv:2: a control character");
  CHECK(refusal("a,a\n") == "t.csv:1: column a is there twice");
  CHECK(refusal("") == "t.csv:1: a column without a name");
}

TEST_CASE("csv: text over a limit is refused, not cut", "[csv]") {
  CHECK(refusal("a\n1\n2\n", {.rows = 1}) == "t.csv:3: more than 1 rows");
  CHECK(refusal("a,b\n", {.columns = 1}) == "t.csv:1: more than 1 columns");
  CHECK(refusal("a\n12345\n", {.cell_bytes = 4}) == "t.csv:2: a cell of 5 bytes");
  CHECK(refusal("a\n1\n", {.text_bytes = 3}) == "t.csv: more than 3 bytes");
}

TEST_CASE("csv: rows that are wrong are told with their lines and passed over, the rest is read", "[csv]") {
  std::vector<CsvFault> faults;
  const auto table = parse_csv_rows("a,b\n1,2\n3\n\"open,4\n5,6\nx\ry,7\n8,9", {}, 10, faults);
  REQUIRE(table.rows.size() == 3);
  CHECK(table.rows[1].cells == std::vector<std::string>{"5", "6"});
  CHECK(table.rows[2].line == 7);
  std::vector<std::size_t> lines;
  for (const auto& fault : faults) lines.push_back(fault.line);
  CHECK(lines == std::vector<std::size_t>{3, 4, 6});
  CHECK(faults[1].why == "a quote that is never closed");
}

TEST_CASE("csv: after so many mistakes, or at a limit, it is read no further", "[csv]") {
  std::vector<CsvFault> faults;
  CHECK(parse_csv_rows("a,b\n1\n2\n3\n4,4\n", {}, 2, faults).rows.empty());
  CHECK(faults.size() == 2);
  faults.clear();
  CHECK(parse_csv_rows("a\n1\n2\n3\n", {.rows = 2}, 9, faults).rows.size() == 2);
  CHECK(faults.at(0).why == "more than 2 rows");
  faults.clear();
  const std::string open = "\"" + std::string(100, 'x');
  parse_csv_rows("a\n" + open + "\n" + open + "\n", {.cell_bytes = 10}, 9, faults);
  CHECK(faults.size() == 2);
  CHECK(faults.at(1).why == "a cell of more than 10 bytes");
}
