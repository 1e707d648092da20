#include "common/descriptor_table.hpp"

#include <catch2/catch.hpp>

#include "common/csv.hpp"
#include "tests/support/catalog_descriptors.hpp"

using namespace capmap;

namespace {

constexpr const char* kHeader = "form,version,part,kind,field,prefix,width,alphabet,padding,total,available,unit,required,meaning,source\n";

Result<DescriptorTable> read(const std::string& rows) {
  const auto table = parse_csv("d.csv", kHeader + rows);
  if (!table) return table.error();
  return DescriptorTable::read(*table);
}

std::string why(const std::string& rows) {
  const auto table = read(rows);
  return table ? "" : table.error().what;
}

}  // namespace

TEST_CASE("descriptor table: the catalog has both forms, each field with its meaning and source, and says what is inferred") {
  const auto table = support::catalog_descriptors();
  REQUIRE(table->find("a") != nullptr);
  REQUIRE(table->find("b") != nullptr);
  CHECK(table->find("c") == nullptr);
  const auto& a = *table->find("a");
  CHECK(a.version == 1);
  CHECK(a.by_class);
  CHECK(a.kinds == std::vector<std::string>{"general", "intelligent", "super"});
  std::size_t fixed = 0;
  for (const auto& field : a.fields) {
    if (field.kind.empty() || field.kind == "general") fixed += field.width;
    CHECK(field.source.find("inferred") != std::string::npos);
  }
  CHECK(fixed == 27);
  CHECK_FALSE(table->find("b")->by_class);
  CHECK(table->find("b")->kinds == std::vector<std::string>{"cpu", "accelerator", "memory", "storage"});
}

TEST_CASE("descriptor table: the newest version of a form is taken, older ones stay") {
  const auto table = read("x,2,p,cpu,n,N,0,digits,none,cores,,1,yes,m,s\nx,1,p,cpu,n,,3,digits,zero,cores,,1,yes,m,s\n");
  REQUIRE(table);
  CHECK(table->forms().size() == 2);
  CHECK(table->find("x")->version == 2);
  CHECK(table->forms().front().fields.front().padded);
}

TEST_CASE("descriptor table: a row that cannot be is refused with its line and column") {
  CHECK(why("X,1,p,cpu,n,,0,digits,none,cores,,1,yes,m,s\n") == "d.csv:2: form: is not of a-z 0-9");
  CHECK(why("x,,p,cpu,n,,0,digits,none,cores,,1,yes,m,s\n") == "d.csv:2: version: is empty");
  CHECK(why("x,1,p,gpu,n,,0,digits,none,cores,,1,yes,m,s\n").find("d.csv:2: kind: \"gpu\" is none of general, ") == 0);
  CHECK(why("x,1,p,cpu,n,,65,digits,none,cores,,1,yes,m,s\n") == "d.csv:2: width: \"65\" is not a whole number from 0 to 64");
  CHECK(why("x,1,p,cpu,n,,0,hex,none,cores,,1,yes,m,s\n") == "d.csv:2: alphabet: is none of digits, lower, upper, name");
  CHECK(why("x,1,p,cpu,n,,0,digits,left,cores,,1,yes,m,s\n") == "d.csv:2: padding: \"left\" is neither zero nor none");
  CHECK(why("x,1,p,cpu,n,,0,digits,zero,cores,,1,yes,m,s\n") == "d.csv:2: padding: needs a width");
  CHECK(why("x,1,p,cpu,n,,0,digits,none,coars,,1,yes,m,s\n").find("d.csv:2: total: \"coars\" is none of edition, ") == 0);
  CHECK(why("x,1,p,cpu,n,,0,digits,none,cores,,,yes,m,s\n") == "d.csv:2: unit: a figure has one, 1 or more");
  CHECK(why("x,1,p,cpu,n,,0,digits,none,cores,,0,yes,m,s\n") == "d.csv:2: unit: \"0\" is not a whole number from 1 on");
  CHECK(why("x,1,p,cpu,n,,0,upper,none,cores,,1,yes,m,s\n") == "d.csv:2: alphabet: a figure is written in digits");
  CHECK(why("x,1,p,cpu,n,,0,digits,none,region_4,,1,yes,m,s\n") == "d.csv:2: unit: a text has none");
  CHECK(why("x,1,p,cpu,n,,0,digits,none,=4a,,,yes,m,s\n") == "d.csv:2: total: is not of the field's alphabet");
  CHECK(why("x,1,p,cpu,n,,0,digits,none,,,1,yes,m,s\n") == "d.csv:2: total: nothing tells the field in any edition");
  CHECK(why("x,1,p,cpu,n,n,0,digits,none,cores,,1,yes,m,s\n") == "d.csv:2: prefix: is not up to 8 of A-Z 0-9");
  CHECK(why("x,1,p,cpu,n,,0,digits,none,cores,,1,yes,m,s\nx,1,p,,o,,3,digits,none,cores,,1,yes,m,s\n") ==
        "d.csv:3: prefix: nothing tells where n ends");
  CHECK(why("x,1,p,cpu,n,,0,digits,none,cores,,1,yes,m,s\nx,1,p,cpu,n,N,3,digits,none,cores,,1,yes,m,s\n") ==
        "d.csv:3: field: n stands there twice");
  CHECK(why("x,1,p,cpu,n,,0,digits,none,cores,,1,yes,m,s\nx,1,p,general,o,N,3,digits,none,cores,,1,yes,m,s\n") ==
        "d.csv:3: kind: a form's kinds are classes, or resources, not both");
  CHECK(why("x,1,p,cpu,n,,0,digits,none,cores,,1,yes,m,s\nx,1,q,,o,,3,digits,none,cores,,1,yes,m,s\nx,1,p,,r,R,3,digits,none,cores,,1,"
            "yes,m,s\n") == "d.csv:4: part: fields of a part stand together");
  CHECK(why("x,1,p,,n,,0,digits,none,cores,,1,yes,m,s\n") == "d.csv:1: kind: form x has none");
  CHECK(why("x,1,p,cpu,n,,0,digits,none,cores,,1,yes,m,\n") == "d.csv:2: source: is empty");
  CHECK(DescriptorTable::load("/nonexistent").error().code == ErrorCode::kAbsent);
}
