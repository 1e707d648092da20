// Whatever the map holds, SQL sums to what /v1/map says, by cells and by nodes alike, and nobody is told of what lies beyond their scope.
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

#include "controller/map/rollup.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/sql_world.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kSites = 12, kNodes = 80;
const std::vector<std::string> kRegions = {"110108", "1101", "310115", "31", "440305", ""};
const std::vector<std::string> kClasses = {"intelligent", "general", ""};

/// A map of random servers in random states.
class Fleet {
 public:
  explicit Fleet(std::uint64_t seed) : dice_(seed) {
    for (std::uint64_t i = 0; i < kSites; ++i) {
      auto site = plain_site(i, roll(5) == 0 ? "" : "site " + std::to_string(i), kRegions[roll(kRegions.size())]);
      site.compute_class = kClasses[roll(kClasses.size())];
      world.map.put_site(site);
      if (roll(2) == 0) world.map.put_pool(plain_pool(i, site.id, "p", kClasses[roll(kClasses.size())]));
    }
    for (std::uint64_t i = 0; i < kNodes; ++i) {
      Shape shape = server_shape(8U << roll(4), 64U << roll(3), static_cast<std::uint32_t>(roll(3) * 4));
      if (roll(6) == 0) shape.memory_bytes.reset();
      agents.push_back(world.agent(i, std::move(shape), roll(kSites)));
      if (roll(8) == 0) continue;  // never says a word
      world.say(agents.back(), agents.back().hello());
      if (roll(8) != 0) world.say(agents.back(), agents.back().shape_message());
      report(i);
    }
  }
  std::uint64_t roll(std::uint64_t below) { return dice_() % below; }
  void step() {
    for (std::uint64_t i = 0; i < kNodes; ++i) {
      if (roll(3) == 0) report(i);
      if (roll(12) == 0) {
        const auto state = static_cast<ServiceState>(roll(kServiceOrderCount));
        REQUIRE(world.map.set_service(agents[i].node, {.state = state, .who = {}, .why = {}}, world.now));
      }
    }
    world.pass(roll(4) * 20'000);
  }
  Principal somebody() {
    Principal principal{.name = "li"};
    for (auto left = 1 + roll(2); left > 0; --left) {
      std::vector<std::string> regions;
      std::vector<SiteId> sites;
      if (roll(2) == 0) regions.push_back(kRegions[roll(kRegions.size() - 1)].substr(0, 2 * (1 + roll(2))));
      for (auto more = roll(3); more > 0; --more) sites.push_back(numbered_id<SiteId>(roll(kSites)));
      if (regions.empty() && sites.empty()) sites.push_back(numbered_id<SiteId>(0));
      principal.scopes.push_back(*make_scope(std::move(regions), std::move(sites)));
    }
    return principal;
  }
  World world;
  std::vector<MapAgent> agents;

 private:
  void report(std::uint64_t i) {
    auto& agent = agents[i];
    Readings readings;
    if (roll(5) != 0) readings = busy(static_cast<std::uint32_t>(roll(8'000)), static_cast<std::uint32_t>(roll(30'000)));
    if (roll(3) == 0) readings.power_watts = static_cast<std::uint32_t>(roll(2'000));
    std::string letters;
    for (const auto& device : agent.shape.accelerators) {
      for (std::uint32_t k = 0; k < device.count; ++k) letters += "uf?x"[roll(4)];
    }
    world.say(agent, agent.usage(usage_of(readings, letters)));
  }
  std::mt19937_64 dice_;
};

using Rows = nlohmann::json;
using Groups = std::map<std::string, std::vector<std::uint64_t>>;

/// Rows of (key, figures…) as a map; a figure that is null is 0, as a sum of nothing.
Groups groups_of(const Rows& rows) {
  Groups groups;
  for (const auto& row : rows) {
    auto& figures = groups[row[0].is_null() ? "" : row[0].get<std::string>()];
    for (std::size_t i = 1; i < row.size(); ++i) {
      if (row[i].is_string()) figures.push_back(std::stoull(row[i].get<std::string>()));
      if (row[i].is_number()) figures.push_back(static_cast<std::uint64_t>(row[i].get<double>()));
      if (row[i].is_null()) figures.push_back(0);
    }
  }
  return groups;
}

Groups groups_of(const Rollup& rollup) {
  Groups groups;
  for (const auto& group : rollup.groups) {
    if (group.installed_nodes == 0) continue;  // a state that no installed node is in
    groups[group.key[0]] = {group.installed_nodes,
                            group.healthy_nodes,
                            group.available_nodes,
                            group.packages,
                            group.cores,
                            static_cast<std::uint64_t>(group.memory_bytes.value),
                            group.accelerators,
                            static_cast<std::uint64_t>(group.cpu_busy_millicores.value),
                            static_cast<std::uint64_t>(group.cpu_free_millicores.value),
                            static_cast<std::uint64_t>(group.memory_free_mib.value),
                            static_cast<std::uint64_t>(group.power_watts.value),
                            group.accelerators_used,
                            group.accelerators_free,
                            group.accelerators_use_unknown};
  }
  return groups;
}

/// `count`: how many nodes a row stands for.
std::string statement(const std::string& table, const std::string& key, const std::string& count) {
  const auto used = [](const char* column) { return std::string(", sum(") + column + ") filter (where available)"; };
  return "select " + key + ", sum(installed * " + count + "), sum(healthy * " + count + "), sum(available * " + count +
         "), sum(packages), sum(cores), sum_exact(" + (table == "cells" ? "memory_bytes_exact" : "memory_bytes") + "), sum(accelerators)" +
         used("cpu_busy_millicores") + used("cpu_free_millicores") + used("memory_free_mib") + used("power_watts") +
         used("accelerators_used") + used("accelerators_free") + used("accelerators_use_unknown") + " from " + table +
         " where installed group by 1";
}

}  // namespace

TEST_CASE("sql: groups of cells and of nodes are those of /v1/map") {
  std::mt19937_64 seeds(run_seed());
  for (int turn = 0; turn < 8; ++turn) {
    Fleet fleet(seeds());
    SqlOf sql(fleet.world.map);
    for (int step = 0; step < 4; ++step) {
      fleet.step();
      const auto now = fleet.world.now;
      const auto view = fleet.world.map.view(now, now);
      const std::vector<std::pair<Dimension, std::string>> keys = {{Dimension::kRegion, "region"},
                                                                   {Dimension::kRegion2, "region_2"},
                                                                   {Dimension::kSite, "site_name"},
                                                                   {Dimension::kComputeClass, "compute_class"},
                                                                   {Dimension::kCpuModel, "cpu_model"},
                                                                   {Dimension::kLiveness, "liveness"},
                                                                   {Dimension::kServiceState, "service_state"}};
      for (const auto& [dimension, key] : keys) {
        INFO("turn " << turn << ", step " << step << ", by " << key);
        const auto expected = groups_of(roll_up(*view, {dimension}, now));
        CHECK(groups_of(sql.rows(statement("cells", key, "nodes"), {}, now)) == expected);
        CHECK(groups_of(sql.rows(statement("nodes", key, "1"), {}, now)) == expected);
      }
    }
  }
}

TEST_CASE("sql: whoever has a scope sees its rows in every table, and no other, however it is asked") {
  std::mt19937_64 seeds(run_seed());
  for (int turn = 0; turn < 12; ++turn) {
    Fleet fleet(seeds());
    fleet.step();
    SqlOf sql(fleet.world.map);
    const auto now = fleet.world.now;
    const auto view = fleet.world.map.view(now, now);
    const auto principal = fleet.somebody();
    std::set<std::string> mine, all;
    for (const auto& site : view->sites) {
      if (!site) continue;
      all.insert(to_text(site->id));
      if (principal.may_touch(site->id, site->region)) mine.insert(to_text(site->id));
    }
    INFO("turn " << turn << ", " << scope_text(principal));
    const auto texts = [&](const std::string& statement_text) {
      std::set<std::string> found;
      for (const auto& row : sql.rows(statement_text, principal, now)) found.insert(row[0].is_null() ? "" : row[0].get<std::string>());
      return found;
    };
    CHECK(texts("select id from sites") == mine);
    for (const char* table : {"cells", "nodes", "devices", "pools", "shared"}) {
      for (const auto& site : texts(std::string("select distinct site from ") + table)) CHECK(mine.contains(site));
    }
    // By each key, one by one: what is beyond is not there.
    std::uint64_t nodes = 0;
    for (const auto& site : all) {
      const auto count = sql.rows("select count(*) from nodes where site = '" + site + "'", principal, now)[0][0].get<std::uint64_t>();
      CHECK((count == 0 || mine.contains(site)));
      nodes += count;
    }
    CHECK(sql.rows("select count(*) from nodes", principal, now)[0][0] == nodes);
    for (const auto& agent : fleet.agents) {
      const auto row = *fleet.world.map.node(agent.node);
      const bool seen = mine.contains(to_text(view->sites[row.site]->id));
      const auto id = to_text(agent.node);
      CHECK(sql.rows("select 1 from nodes where id = '" + id + "'", principal, now).size() == (seen ? 1 : 0));
      CHECK((seen || sql.rows("select 1 from devices where node = '" + id + "'", principal, now).empty()));
      CHECK((seen || sql.rows("select 1 from events where node = '" + id + "'", principal, now).empty()));
    }
    for (const auto& region : kRegions) {
      for (const auto& site : texts("select site from nodes where region = '" + region + "'")) CHECK(mine.contains(site));
    }
    for (const auto& row : sql.rows("select from_site, to_site from events", principal, now)) {
      for (const auto& site : row) CHECK((site.is_null() || mine.contains(site.get<std::string>())));
    }
    const auto kinds = sql.rows("select count(*) from hardware", principal, now)[0][0].get<std::uint64_t>();
    CHECK(kinds == sql.rows("select count(distinct hardware) from cells", principal, now)[0][0].get<std::uint64_t>());
    for (const auto& code : texts("select code from regions")) {
      const bool inside = std::ranges::any_of(
          view->sites, [&](const auto& site) { return site && mine.contains(to_text(site->id)) && site->region.starts_with(code); });
      CHECK((inside || principal.may_add_site(code)));
    }
  }
}

TEST_CASE("sql: a join by any key is what a walk through both tables finds") {
  std::mt19937_64 seeds(run_seed());
  for (int turn = 0; turn < 10; ++turn) {
    Fleet fleet(seeds());
    fleet.step();
    SqlOf sql(fleet.world.map);
    const auto now = fleet.world.now;
    const std::vector<std::pair<std::string, std::string>> joins = {
        {"nodes a join sites b on a.site = b.id", "nodes a join sites b on +a.site = +b.id"},
        {"sites a join nodes b on b.site = a.id", "sites a join nodes b on +b.site = +a.id"},
        {"devices a join nodes b on b.id = a.node", "devices a join nodes b on +b.id = +a.node"},
        {"nodes a join nodes b on b.id = a.id", "nodes a join nodes b on +b.id = +a.id"},
        {"cells a join nodes b on b.liveness = a.liveness and b.region = a.region",
         "cells a join nodes b on +b.liveness = +a.liveness and +b.region = +a.region"},
        {"hardware a join cells b on b.hardware = a.id", "hardware a join cells b on +b.hardware = +a.id"},
        {"regions a join sites b on b.region = a.code", "regions a join sites b on +b.region = +a.code"}};
    for (const auto& [by_key, by_walk] : joins) {
      INFO(by_key);
      CHECK(sql.rows("select count(*) from " + by_key, {}, now) == sql.rows("select count(*) from " + by_walk, {}, now));
    }
  }
}

TEST_CASE("sql: nodes that come ordered group as those that SQLite sorts, in the same order") {
  std::mt19937_64 seeds(run_seed());
  const std::vector<std::string> columns = {"site",           "site_name", "region",   "region_2", "owner_class",       "pool",
                                            "pool_name",      "hardware",  "liveness", "verdict",  "architecture",      "service_state",
                                            "public_compute", "cpu_model", "hub",      "industry", "accelerator_model", "region_4"};
  const std::vector<std::string> figures = {"count(*)",
                                            "sum(cores)",
                                            "sum(installed)",
                                            "max(liveness)",
                                            "sum(accelerators) filter (where available)",
                                            "count(distinct site)",
                                            "min(revision) > 0"};
  for (int turn = 0; turn < 8; ++turn) {
    Fleet fleet(seeds());
    SqlOf sql(fleet.world.map);
    for (int step = 0; step < 4; ++step) {
      fleet.step();
      const auto principal = fleet.roll(3) == 0 ? fleet.somebody() : Principal{};
      // Counted by the table, and row by row.
      for (const std::string table : {"nodes", "sites", "pools", "cells", "devices", "regions", "chips", "hardware", "shared", "events"}) {
        CHECK(sql.rows("select count(*) from " + table, principal, fleet.world.now) ==
              sql.rows("select count(*) from " + table + " where 1", principal, fleet.world.now));
      }
      for (int question = 0; question < 12; ++question) {
        std::string by, sorted;
        for (auto left = 1 + fleet.roll(3); left > 0; --left) {
          const auto& column = columns[fleet.roll(columns.size())];
          by += (by.empty() ? "" : ", ") + column;
          sorted += (sorted.empty() ? "+" : ", +") + column;  // what is not a column alone, no table is asked to order by
        }
        const std::string select = "select " + by + ", " + figures[fleet.roll(figures.size())] + " from nodes" +
                                   (fleet.roll(3) == 0 ? " where liveness = 'fresh'" : "") + " group by ";
        // Whatever order the groups come in, they are the same; and where an order is asked for, it is the same too.
        const auto ours = sql.rows(select + by + " order by " + by, principal, fleet.world.now);
        CHECK(ours == sql.rows(select + sorted + " order by " + sorted, principal, fleet.world.now));
        auto loose = sql.rows(select + by, principal, fleet.world.now), theirs = sql.rows(select + sorted, principal, fleet.world.now);
        CHECK(std::multiset<Rows>(loose.begin(), loose.end()) == std::multiset<Rows>(theirs.begin(), theirs.end()));
      }
    }
  }
}
