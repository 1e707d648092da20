#pragma once
#include <catch2/catch.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>

#include "controller/sql/sql_memory.hpp"
#include "controller/sql/sql_run.hpp"
#include "tests/support/map_world.hpp"

namespace capmap::test {

inline Site plain_site(std::uint64_t number, std::string name, std::string region) {
  Site site;
  site.id = numbered_id<SiteId>(number);
  site.name = std::move(name);
  site.region = std::move(region);
  return site;
}
inline Pool plain_pool(std::uint64_t number, const SiteId& site, std::string name, std::string compute_class) {
  Pool pool;
  pool.id = numbered_id<PoolId>(number);
  pool.site = site;
  pool.name = std::move(name);
  pool.compute_class = std::move(compute_class);
  return pool;
}

/// Rows straight from a map in this thread.
class RowsOf final : public NodeSource {
 public:
  explicit RowsOf(const CapacityMap& map) : map_(map) {}
  Result<NodeTold> ask(const NodeAsk& ask, std::uint64_t) override {
    ++asked;
    NodeTold told{.rows = {}, .chunk_count = map_.chunk_count()};
    if (ask.id) told.rows = map_.take(*ask.id, ask.parts);
    for (std::size_t i = 0; !ask.id && i < ask.chunks && ask.chunk + i < told.chunk_count; ++i) {
      const auto before = told.rows.count;
      told.rows = map_.take(ask.chunk + i, *ask.selection, ask.parts);
      told.rows.count += before;
    }
    return told;
  }
  std::size_t asked = 0;

 private:
  const CapacityMap& map_;
};

/// Statements against a map.
class SqlOf {
 public:
  explicit SqlOf(CapacityMap& map, std::shared_ptr<const ChipTable> chips = nullptr) : map_(map), chips_(std::move(chips)), source(map) {
    static_cast<void>(count_sqlite_memory());
  }
  std::variant<SqlRefusal, SqlAnswer> run(const SqlQuestion& question, std::uint64_t now) {
    return run_sql(question, {.view = map_.view(now, now), .chips = chips_, .nodes = source, .clock = clock});
  }
  /// The rows of a statement that must have an answer.
  nlohmann::json rows(const std::string& sql, const Principal& principal = {}, std::uint64_t now = kStart) {
    INFO(sql);
    const auto end = run({.sql = sql, .principal = principal}, now);
    if (const auto* const refusal = std::get_if<SqlRefusal>(&end)) FAIL(refusal->word << ": " << refusal->detail);
    return nlohmann::json::parse(std::get<SqlAnswer>(end).rows);
  }
  /// Why one has none.
  SqlRefusal refusal(const std::string& sql, std::uint32_t most_ms = 2'000) {
    INFO(sql);
    auto end = run({.sql = sql, .most_ms = most_ms}, kStart);
    REQUIRE(std::holds_alternative<SqlRefusal>(end));
    return std::get<SqlRefusal>(std::move(end));
  }

 private:
  CapacityMap& map_;
  std::shared_ptr<const ChipTable> chips_;

 public:
  SystemClock clock;
  RowsOf source;
};

}  // namespace capmap::test
