// Which statements only count a table.
#include "controller/sql/counted_table.hpp"

#include <catch2/catch.hpp>

using capmap::counted_table;

TEST_CASE("counted table: select count(*) from a table and nothing else") {
  for (const char* sql : {"select count(*) from nodes", "SELECT COUNT ( * )\n FROM Nodes ;", "select count(*) as many from nodes;;"}) {
    INFO(sql);
    CHECK(counted_table(sql) == "nodes");
  }
  for (const char* sql : {"",
                          ";",
                          "select",
                          "select count(*)",
                          "select count(*) from",
                          "select count(id) from nodes",
                          "select count(*) from nodes where 1",
                          "select count(*) from nodes, sites",
                          "select count(*) from (nodes)",
                          "select count(*) from nodes n",
                          "select distinct count(*) from nodes",
                          "select count(*) from nodes limit 0",
                          "select count(*), 1 from nodes",
                          "select count(*) from \"nodes\"",
                          "select count(*) from main.nodes",
                          "select count(*) /* all */ from nodes",
                          "select count(*) as from nodes",
                          "select count(*) filter (where 1) from nodes",
                          "select count(*) from nodes; select 1",
                          "select count(*) + 1 from nodes",
                          "select count(*) as n from nodes group by 1",
                          "with nodes as (select 1) select count(*) from nodes",
                          "select count(*) over () from nodes",
                          "select sum(*) from nodes"}) {
    INFO(sql);
    CHECK_FALSE(counted_table(sql));
  }
}
