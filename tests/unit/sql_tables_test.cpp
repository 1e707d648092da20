// What the tables of SQL tell of a map, each by what was reported.
#include <catch2/catch.hpp>
#include <set>

#include "controller/sql/sql_words.hpp"
#include "tests/support/sql_world.hpp"

namespace capmap {
namespace {

using test::busy;
using test::kStart;
using test::numbered_id;
using test::server_shape;
using test::usage_of;
using Rows = nlohmann::json;

/// Two sites, a pool; three servers with cards at one and a plain one at the other.
struct Park : test::World {
  Park() {
    auto north = test::plain_site(1, "north", "110108"), south = test::plain_site(2, "south", "440305");
    north.security_level = 3;
    south.latitude_udeg = 22'543'096;
    south.longitude_udeg = 114'057'865;
    south.declared.figures[0] = 7;
    map.put_site(north);
    map.put_site(south);
    map.put_pool(test::plain_pool(1, north.id, "training", "intelligent"));
    for (std::uint64_t i = 1; i <= 3; ++i) {
      agents.push_back(agent(i, server_shape(64, 512, 4)));
      auto hello = agents.back().hello();
      hello.hostname = "gpu-" + std::to_string(i);
      hello.labels = {{"rack", "r" + std::to_string(i)}};
      for (int k = 0; k < 4; ++k) hello.accelerator_addresses.push_back("0000:" + std::to_string(10 + k) + ":00.0");
      hello.disk_names = {"nvme0n1"};
      say(agents.back(), hello);
      say(agents.back(), agents.back().shape_message());
      say(agents.back(), agents.back().usage(usage_of(busy(16'000, 1'024), "uff?")));
    }
    agents.push_back(agent(4, server_shape(16, 64, 0, 2), 2));
    introduce(agents.back(), usage_of(busy(1'000, 2'048)));
  }
  std::vector<test::MapAgent> agents;
  test::SqlOf sql{map};
};

TEST_CASE("sql: cells say what stands where, as /v1/map counts, and what is not known is null") {
  Park park;
  CHECK(park.sql.rows("select site_name, region, region_2, sum(nodes), sum(cores), sum(accelerators) from cells where installed "
                      "group by site order by 1") ==
        Rows::parse(R"([["north","110108","11",3.0,192.0,12.0],["south","440305","44",1.0,16.0,0.0]])"));
  CHECK(park.sql.rows("select sum(cpu_busy_millicores), sum(accelerators_used), sum(accelerators_free), sum(power_watts) from cells "
                      "where available and site_name = 'north'") == Rows::parse("[[48000.0,3.0,6.0,null]]"));
  CHECK(park.sql.rows("select sum(memory_bytes), sum_exact(memory_bytes_exact) from cells") ==
        Rows{{static_cast<double>((3ULL * 512 + 64) << 30U), std::to_string((3ULL * 512 + 64) << 30U)}});
  CHECK(park.sql.rows("select cpu_fp64_mflops, unrated_packages > 0 from cells where region = '440305'") == Rows::parse("[[null,1]]"));
  CHECK(park.sql.rows("select sum(rdma_nics), accelerator_free_fp16_mflops from cells where site_name = 'north'") ==
        Rows::parse("[[0.0,null]]"));
  CHECK(park.sql.rows("select liveness, verdict, service_state, installed, healthy, available from cells where site_name = 'south'") ==
        Rows::parse(R"([["fresh","consistent","in_service",1,1,1]])"));
}

TEST_CASE("sql: nodes have a row each, with its revision, by whichever key they are looked up") {
  Park park;
  CHECK(park.sql.rows("select count(*) from nodes") == Rows::parse("[[4]]"));
  CHECK(park.sql.rows("select hostname, cores, accelerators, cpu_busy_millicores, cpu_free_millicores, labels ->> 'rack' from nodes "
                      "where site_name = 'north' order by hostname limit 1") == Rows::parse(R"([["gpu-1",64,4,16000,112000,"r1"]])"));
  const auto id = to_text(park.agents[1].node), site = to_text(numbered_id<SiteId>(1));
  CHECK(park.sql.rows("select hostname from nodes where id = '" + id + "'") == Rows::parse(R"([["gpu-2"]])"));
  CHECK(park.sql.rows("select count(*) from nodes where site = '" + site + "'") == Rows::parse("[[3]]"));
  CHECK(park.sql.rows("select count(*) from nodes where region = '440305' and liveness = 'fresh'") == Rows::parse("[[1]]"));
  CHECK(park.sql.rows("select count(*) from nodes where liveness in ('stale', 'lost')") == Rows::parse("[[0]]"));
  CHECK(park.sql.rows("select count(*) from nodes where liveness = 'FRESH' collate nocase") == Rows::parse("[[4]]"));
  for (const char* nothing : {"id = 'x'", "id = null", "site = 's-none'", "region = ''", "liveness = 'dead'", "id = 7"}) {
    CHECK(park.sql.rows(std::string("select hostname from nodes where ") + nothing) == Rows::array());
  }
  CHECK(park.sql.rows("select count(distinct revision), min(revision) > 0, min(age_ms) is not null from nodes") ==
        Rows::parse("[[4,1,1]]"));
  park.agents.push_back(park.agent(9, server_shape(8, 8, 0)));  // never says a word
  CHECK(park.sql.rows("select count(*), sum(installed) from nodes") == Rows::parse("[[5,4.0]]"));
}

TEST_CASE("sql: a node that was taken out of service counts as the map has it") {
  Park park;
  REQUIRE(park.map.set_service(park.agents[0].node, {.state = ServiceState::kQuarantined, .who = "li", .why = "smoke"}, park.now));
  CHECK(park.sql.rows("select sum(installed), sum(available), sum(cores) filter (where installed) from nodes") ==
        Rows::parse("[[3.0,3.0,144.0]]"));
  CHECK(park.sql.rows("select service_state, ordered_state from nodes where hostname = 'gpu-1'") ==
        Rows::parse(R"([["quarantined","quarantined"]])"));
  CHECK(park.sql.rows("select sum(nodes) from cells where installed") == Rows::parse("[[3.0]]"));
}

TEST_CASE("sql: devices have a row each, whether only their shapes are asked for or what becomes of them") {
  Park park;
  CHECK(park.sql.rows("select part, kind, count(*) from devices group by part, kind order by part") ==
        Rows::parse(R"([["accelerator","gpu",12],["disk","nvme",5]])"));
  CHECK(park.sql.rows("select hostname, number, name, used, pci_id, vendor from devices where part = 'accelerator' and site_name = 'north' "
                      "order by hostname, number limit 4") ==
        Rows::parse(R"([["gpu-1",0,"0000:10:00.0",1,"10de:2330","nvidia"],["gpu-1",1,"0000:11:00.0",0,"10de:2330","nvidia"],
                        ["gpu-1",2,"0000:12:00.0",0,"10de:2330","nvidia"],["gpu-1",3,"0000:13:00.0",null,"10de:2330","nvidia"]])"));
  CHECK(park.sql.rows("select name, bytes from devices where node = '" + to_text(park.agents[0].node) + "' and part = 'disk'") ==
        Rows::parse(R"([["nvme0n1",1000000000000]])"));
  CHECK(park.sql.rows("select count(*) from devices d join nodes n on n.id = d.node where n.accelerators > 0") == Rows::parse("[[15]]"));
  CHECK(park.sql.rows("select count(*) from devices where part = 'tape'") == Rows::parse("[[0]]"));
}

TEST_CASE("sql: sites, pools and regions as declared; who is no admin gets tenths of degrees") {
  Park park;
  CHECK(park.sql.rows("select name, region_2, security_level, declared_nodes, latitude from sites order by name") ==
        Rows::parse(R"([["north","11",3,null,null],["south","44",null,7,22.5]])"));
  const auto exact = park.sql.run({.sql = "select latitude, longitude from sites where name = 'south'", .exact = true}, park.now);
  CHECK(Rows::parse(std::get<SqlAnswer>(exact).rows) == Rows::parse("[[22.543096,114.057865]]"));
  CHECK(park.sql.rows("select name, site_name, region, compute_class from pools") ==
        Rows::parse(R"([["training","north","110108","intelligent"]])"));
  CHECK(park.sql.rows("select code, level, parent, name_en, sites from regions where code in ('11', '1101', '110108') order by code") ==
        Rows::parse(R"([["11",2,null,"Beijing",1],["1101",4,"11",null,1],["110108",6,"1101",null,1]])"));
  CHECK(park.sql.rows("select count(*) from regions where level = 2") == Rows::parse("[[34]]"));
  CHECK(park.sql.rows("select s.name, sum(c.nodes) from sites s join cells c on c.site = s.id group by s.id order by s.name") ==
        Rows::parse(R"([["north",3.0],["south",1.0]])"));
}

TEST_CASE("sql: hardware, chips, shared things and the newest events") {
  Park park;
  CHECK(park.sql.rows("select cores, accelerators, nodes, nvme_bytes, nics from hardware order by cores") ==
        Rows::parse("[[16,0,1,2000000000000,0],[64,4,3,1000000000000,0]]"));
  CHECK(park.sql.rows("select count(*) from hardware h join nodes n on n.hardware = h.id") == Rows::parse("[[4]]"));
  CHECK(park.sql.rows("select what, to_liveness, count(*) from events where what = 'joined' group by 1, 2") ==
        Rows::parse(R"([["joined","fresh",4]])"));
  auto usage = usage_of(busy(1, 1));
  usage.file_systems = {{.source = "fs-1", .type = "lustre", .size_mb = 1'000'000, .used_mb = 1}};
  park.say(park.agents[3], park.agents[3].usage(usage));
  park.pass(5'000);
  CHECK(park.sql.rows("select site_name, kind, source, type, size_bytes, reporters from shared", {}, park.now) ==
        Rows::parse(R"([["south","file_system","fs-1","lustre",1e12,1]])"));
  const auto chips = std::make_shared<const ChipTable>(std::move(*ChipTable::load(CAPMAP_SOURCE_DIR "/schemas/catalog")));
  test::SqlOf rated(park.map, chips);
  CHECK(rated.rows("select part, fp16_rate > fp32_rate from chips where name = 'NVIDIA H100 SXM5 80GB'") == Rows::parse(R"([["gpu",1]])"));
  CHECK(rated.rows("select count(distinct part) from chips")[0][0] >= 3);
}

TEST_CASE("sql: every example has an answer, and the reference names every table with its columns once") {
  Park park;
  for (const auto& example : sql_examples()) CHECK(park.sql.rows(example.sql).is_array());
  std::set<std::string> names;
  for (const auto& table : sql_reference()) {
    names.insert(table.words.name);
    std::set<std::string> columns;
    std::string all;
    for (const auto& column : table.columns) {
      INFO(table.words.name << "." << column.name);
      CHECK(columns.insert(column.name).second);
      all += (all.empty() ? "" : ", ") + column.name;
    }
    CHECK(park.sql.rows("select " + all + " from " + table.words.name).is_array());
  }
  CHECK(names == std::set<std::string>{"cells", "chips", "devices", "events", "hardware", "nodes", "pools", "regions", "shared", "sites"});
}

TEST_CASE("sql: an answer says its moment, what it read, and which of that was read row by row") {
  Park park;
  const auto end = park.sql.run({.sql = "select n.id from nodes n join sites s on s.id = n.site", .most_rows = 2}, park.now);
  const auto& answer = std::get<SqlAnswer>(end);
  CHECK(answer.read == std::vector<std::string>{"nodes", "sites"});
  CHECK(answer.columns == std::vector<std::string>{"id"});
  CHECK(answer.count == 2);
  CHECK(answer.cut);
  CHECK(answer.revision == park.map.view(park.now, park.now)->revision);
  CHECK(answer.epoch == 7);
  CHECK(answer.memory_bytes > 0);
  const auto csv = park.sql.run({.sql = "select name as \"a,b\", null as n, 1.5 as r from sites order by name", .csv = true}, park.now);
  CHECK(std::get<SqlAnswer>(csv).rows == "\"a,b\",n,r\r\nnorth,,1.5\r\nsouth,,1.5\r\n");
}

}  // namespace
}  // namespace capmap
