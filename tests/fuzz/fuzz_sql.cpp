// Statements of SQL, and the table that comes with one (behind the first NUL), against a small map: whatever stands there, it ends with
// rows or with a reason, holds to its limits, and changes nothing.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>

#include "common/check.hpp"
#include "controller/map/capacity_map.hpp"
#include "controller/sql/sql_memory.hpp"
#include "controller/sql/sql_run.hpp"
#include "controller/sql/wildcards.hpp"
#include "tests/support/map_agent.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kStart = 1'000'000;
constexpr std::uint32_t kMostMs = 200, kMostRows = 50;

class OneMap final : public NodeSource {
 public:
  OneMap() {
    static_cast<void>(count_sqlite_memory());
    for (const auto& [number, name, region] : {std::tuple{1U, "mine", "110108"}, {2U, "hidden", "440305"}}) {
      Site site;
      site.id = numbered_id<SiteId>(number);
      site.name = name;
      site.region = region;
      map_.put_site(site);
    }
    for (std::uint64_t i = 1; i <= 4; ++i) {
      KnownNode known;
      known.id = numbered_id<NodeId>(i);
      known.site = numbered_id<SiteId>(1 + i % 2);
      map_.add_node(known, false, kStart);
      MapAgent agent{.node = known.id, .run_id = i, .shape = server_shape(8, 64, 2)};
      auto hello = agent.hello();
      hello.hostname = i % 2 == 0 ? "mine" : "hidden";
      map_.apply(known.id, hello, kStart, 0);
      map_.apply(known.id, agent.shape_message(), kStart, 0);
      map_.apply(known.id, agent.usage(usage_of(busy(1, 1), "uf")), kStart, 0);
    }
    view = map_.view(kStart, 0);
  }
  Result<NodeTold> ask(const NodeAsk& ask, std::uint64_t) override {
    NodeTold told{.rows = {}, .chunk_count = map_.chunk_count()};
    if (ask.id) {
      told.rows = map_.take(*ask.id, ask.parts);
    } else if (ask.chunk < told.chunk_count) {
      told.rows = map_.take(ask.chunk, *ask.selection, ask.parts);
    }
    return told;
  }
  std::shared_ptr<const MapView> view;

 private:
  CapacityMap map_{MapOptions{.epoch = 7}, nullptr, kStart};
};

/// Texts compared by the plain rules, in whatever time that takes.
bool like_slowly(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') return like_slowly(text, pattern.substr(1)) || (!text.empty() && like_slowly(text.substr(1), pattern));
  if (text.empty()) return false;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return (pattern[0] == '_' || lower(pattern[0]) == lower(text[0])) && like_slowly(text.substr(1), pattern.substr(1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static OneMap map;
  static const SystemClock clock;
  static const Principal mine{.name = "li", .scopes = {*make_scope({"11"}, {})}};
  std::string text(reinterpret_cast<const char*>(data), size);
  SqlQuestion question{.sql = text.substr(0, text.find('\0')), .most_rows = kMostRows, .most_ms = kMostMs, .principal = mine};
  question.csv = size % 2 == 0;
  if (const auto nul = text.find('\0'); nul != std::string::npos) question.tables.emplace_back("t", text.substr(nul + 1));
  const auto end = run_sql(question, {.view = map.view, .chips = nullptr, .nodes = map, .clock = clock});
  if (const auto* const refusal = std::get_if<SqlRefusal>(&end)) {
    check(!refusal->word.empty() && !refusal->detail.empty(), "refused without a reason");
    check(!refusal->place || *refusal->place <= question.sql.size(), "the place of a mistake is behind the statement");
    if (refusal->place) check(place_in(question.sql, *refusal->place).line >= 1, "a place has no line");
  } else {
    const auto& answer = std::get<SqlAnswer>(end);
    check(answer.count <= kMostRows && answer.rows.size() <= kMostSqlAnswerBytes + (std::size_t{1} << 20U), "an answer beyond its limits");
    check(question.sql.find("hidden") != std::string::npos || text.find("hidden") != std::string::npos ||
              answer.rows.find("hidden") == std::string::npos,
          "a row beyond the scope");
    check(answer.memory_bytes <= kMostSqlMemoryBytes, "more memory than a statement may have");
  }
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (const auto half = std::min<std::size_t>(size / 2, 12); ascii) {
    const std::string_view all = text;
    check(is_like(all.substr(0, half), all.substr(half, half), '\0') == like_slowly(all.substr(0, half), all.substr(half, half)),
          "LIKE differs from its rules");
  }
  return 0;
}
