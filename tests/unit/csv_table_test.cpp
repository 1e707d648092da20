#include "controller/http/csv_table.hpp"

#include <catch2/catch.hpp>

#include "common/csv.hpp"

using namespace capmap;

namespace {

bool wants(const char* accept) {
  HttpRequest request;
  request.headers = {{"accept", accept}};
  return wants_csv(request);
}

}  // namespace

TEST_CASE("csv table: fields are quoted where they must be, and every row ends in CRLF") {
  CsvText table({"name", "nodes"});
  table.add({"plain", "18446744073709551616"});
  table.add({"a \"b\", c", ""});
  table.add({"two\nlines", "=1+1"});
  table.add({"中心", "7"});
  CHECK(table.text() == "name,nodes\r\nplain,18446744073709551616\r\n\"a \"\"b\"\", c\",\r\n\"two\nlines\",=1+1\r\n中心,7\r\n");
}

TEST_CASE("csv table: our own reader reads back what was written") {
  const std::vector<std::vector<std::string>> rows = {{"a,b", "\"\"", ""}, {"x", "y\"z", "ends,\""}};
  CsvText table({"one", "two", "three"});
  for (const auto& row : rows) table.add(row);
  const auto read = parse_csv("t", table.text());
  REQUIRE(read);
  REQUIRE(read->rows.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) CHECK(read->rows[i].cells == rows[i]);
}

TEST_CASE("csv table: bytes that are not UTF-8 are replaced, so that the table is text") {
  CsvText table({"name"});
  table.add({"a\xff\xc3"});
  CHECK(table.text() == "name\r\na\xEF\xBF\xBD\xEF\xBF\xBD\r\n");
}

TEST_CASE("csv table: it is sent to who names it, and more gladly than JSON") {
  CHECK(wants("text/csv"));
  CHECK(wants("TEXT/CSV; header=present"));
  CHECK(wants("application/json;q=0.5, text/csv"));
  CHECK(wants("text/csv;q=0.9, application/json;q=0.85"));
  CHECK_FALSE(wants("*/*"));
  CHECK_FALSE(wants("text/*, application/json"));
  CHECK_FALSE(wants("text/csv;q=0"));
  CHECK_FALSE(wants("text/csv;q=0.2, application/json"));
  CHECK_FALSE(wants("text/csvx"));
  CHECK_FALSE(wants(""));
  CHECK_FALSE(wants_csv(HttpRequest{}));
  CHECK(wants(";;,,q=,text/csv;q"));
}
