// SQL at national size beside a plain table of SQLite with the same rows, in the same run: count(*) of all nodes, nodes by region, cells by
// region, a node by its id.
//   capmap_bench_sql [NODES] [--json FILE] [--catalog FOLDER]      default 1,000,000; 20,000 sites, 3,000 hardware rows
// FILE is a list of {name, value, unit, reference, ratio, target}; a list that is there already is continued.
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <thread>
#include <zmq.hpp>

#include "common/published.hpp"
#include "common/transport.hpp"
#include "controller/map_thread.hpp"
#include "controller/pipes.hpp"
#include "controller/sql/sql_memory.hpp"
#include "controller/sql_thread.hpp"
#include "tests/bench/bench_lines.hpp"
#include "tests/bench/map_fleet.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr int kTimes = 7;  ///< the middle one is told

double middle_ms(const std::function<void()>& work) {
  std::vector<double> taken;
  for (int i = 0; i < kTimes; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    taken.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  std::ranges::sort(taken);
  return taken[kTimes / 2];
}

/// The same rows in a table of SQLite's own.
class Plain {
 public:
  explicit Plain(std::size_t nodes) {
    sqlite3_open(":memory:", &connection_);
    run("create table nodes(id text, site text, region text, liveness text, cores integer); begin");
    sqlite3_stmt* insert = nullptr;
    sqlite3_prepare_v2(connection_, "insert into nodes values(?, ?, ?, 'fresh', ?)", -1, &insert, nullptr);
    std::vector<Site> sites;
    for (std::size_t i = 0; i < kSites; ++i) sites.push_back(site_of(i));
    for (std::size_t i = 0; i < nodes; ++i) {
      const auto& site = sites[Fleet::site(i)];
      const auto id = to_text(numbered_id<NodeId>(i)), place = to_text(site.id);
      sqlite3_bind_text(insert, 1, id.data(), static_cast<int>(id.size()), SQLITE_TRANSIENT);
      sqlite3_bind_text(insert, 2, place.data(), static_cast<int>(place.size()), SQLITE_TRANSIENT);
      sqlite3_bind_text(insert, 3, site.region.data(), static_cast<int>(site.region.size()), SQLITE_TRANSIENT);
      sqlite3_bind_int64(insert, 4, static_cast<sqlite3_int64>(8 + i % 100));
      sqlite3_step(insert);
      sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    run("commit; create index by_id on nodes(id)");
  }
  ~Plain() { sqlite3_close(connection_); }
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain&) = delete;
  std::size_t run(const std::string& sql) {
    std::size_t rows = 0;
    const auto count = [](void* to, int, char**, char**) {
      ++*static_cast<std::size_t*>(to);
      return 0;
    };
    if (sqlite3_exec(connection_, sql.c_str(), count, &rows, nullptr) != SQLITE_OK) {
      std::fprintf(stderr, "%s: %s\n", sql.c_str(), sqlite3_errmsg(connection_));
      std::exit(1);
    }
    return rows;
  }

 private:
  sqlite3* connection_ = nullptr;
};

/// The map thread and a worker with their real pipes, as the controller has them.
class Asked {
 public:
  explicit Asked(CapacityMap map) {
    acks_ = std::move(*open_pull(context_, kIngestPipe));
    notes_ = std::move(*open_pull(context_, kNotesPipe));
    answers_ = std::move(*open_pull(context_, kHttpPipe));
    map_ = std::thread([this, kept = std::make_shared<CapacityMap>(std::move(map))] {
      static_cast<void>(run_map(context_, std::move(*kept), clock_, view_, metrics_));
    });
    while (!view_.take()) std::this_thread::yield();
    worker_ = std::thread([this] { static_cast<void>(run_sql_worker(context_, {.number = 0, .chips = nullptr}, clock_, view_)); });
    jobs_ = std::move(*open_push(context_, kSqlPipes[0]));
  }
  ~Asked() {
    send_stop(jobs_);
    worker_.join();
    send_stop(*open_push(context_, kMapPipe));
    map_.join();
  }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;

  SqlAnswer run(const std::string& sql) {
    static_cast<void>(send_object(jobs_, std::make_unique<SqlJob>(SqlJob{.ticket = 1, .question = {.sql = sql}})));
    for (;;) {
      auto input = receive_object<HttpInput>(answers_, -1);
      if (!input || !*input) std::exit(1);
      auto* const done = std::get_if<SqlDone>(input->get());
      if (done == nullptr) continue;
      if (auto* const answer = std::get_if<SqlAnswer>(&done->what)) return std::move(*answer);
      std::fprintf(stderr, "%s: %s\n", sql.c_str(), std::get<SqlRefusal>(done->what).detail.c_str());
      std::exit(1);
    }
  }

 private:
  zmq::context_t context_{1};
  zmq::socket_t acks_, notes_, answers_, jobs_;
  SystemClock clock_;
  Published<MapView> view_;
  Published<Metrics> metrics_;
  std::thread map_, worker_;
};

}  // namespace

int main(int argc, char** argv) {
  std::size_t nodes = 1'000'000;
  std::string json, catalog = "schemas/catalog";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--json" && i + 1 < argc) {
      json = argv[++i];
    } else if (word == "--catalog" && i + 1 < argc) {
      catalog = argv[++i];
    } else {
      nodes = std::strtoull(argv[i], nullptr, 10);
    }
  }
  if (const auto counted = count_sqlite_memory(); !counted) return 1;
  auto chips = ChipTable::load(catalog);
  if (!chips) {
    std::fprintf(stderr, "%s\n", chips.error().what.c_str());
    return 1;
  }
  CapacityMap map(MapOptions{.epoch = 1}, std::make_shared<const ChipTable>(std::move(*chips)), kStart);
  add_sites(map);
  add_nodes(map, Fleet(), 0, nodes);
  Plain plain(nodes);
  Asked asked(std::move(map));
  const std::string count = "select count(*) from nodes", by_region = "select region, count(*) from nodes group by region";
  const auto told = asked.run(count).rows;
  if (told != "[[" + std::to_string(nodes) + "]]") {
    std::fprintf(stderr, "%s nodes of %zu\n", told.c_str(), nodes);
    return 1;
  }
  const auto both = [&](const char* name, const std::string& sql, std::optional<double> target, const std::string& reference) {
    const double ours = middle_ms([&] { asked.run(sql); }), theirs = middle_ms([&] { plain.run(reference); });
    report(name, ours, "ms", target, theirs);
  };
  both("sql.count_ms_1m", count, 30, count);
  both("sql.by_region_ms_1m", by_region, 500, by_region);
  both("sql.cores_by_region_ms_1m", "select region, sum(cores) from nodes where installed group by region", std::nullopt,
       "select region, sum(cores) from nodes group by region");
  both("sql.cells_by_region_ms_1m", "select region, sum(nodes) from cells where installed group by region", std::nullopt, by_region);
  const auto id = "'" + to_text(numbered_id<NodeId>(nodes / 2)) + "'";
  both("sql.node_by_id_ms_1m", "select site, hostname from nodes where id = " + id, std::nullopt,
       "select site from nodes where id = " + id);
  if (!json.empty()) write_json(json);
  return 0;
}
