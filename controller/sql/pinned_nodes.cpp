#include "controller/sql/pinned_nodes.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "controller/sql/sql_limits.hpp"

namespace capmap {
namespace {

constexpr std::size_t kCountedAtOnce = 16;        ///< chunks of which only the number of rows is wanted, each row judged
constexpr std::size_t kAllCountedAtOnce = 1'024;  ///< likewise, where every row is
/// Rows with their cold records are asked for in parts: the map's thread is not to be held for a whole chunk of them.
constexpr std::size_t kColdRowsAtOnce = 512;
constexpr std::size_t kSmallChunk = 256;  ///< nodes are looked for by id in chunks of at least so many rows

std::size_t bytes_of(const NodeChunk& chunk) {
  constexpr std::size_t kTextsOfARow = 1'500;  ///< what a row's texts and lists take beside it, on average
  constexpr std::size_t kPlaceBytes = 64;      ///< in Held::places
  return sizeof(NodeChunk) + chunk.briefs.capacity() * (sizeof(NodeBrief) + kPlaceBytes) + chunk.numbers.capacity() * sizeof(Contribution) +
         chunk.rows.capacity() * (sizeof(NodeRow) + kTextsOfARow);
}

template <class Part>
void append(std::vector<Part>& to, std::vector<Part>& from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

}  // namespace

std::shared_ptr<NodeSelection> PinnedNodes::selection_of(const Plan& plan) {
  if (selection_ && plan_ == plan) return selection_;
  auto selection = std::make_shared<NodeSelection>();
  selection->site = plan.site;
  selection->liveness = plan.liveness;
  selection->sites = scene_.sites_seen();
  if (!plan.region.empty()) {
    const auto& sites = scene_.view().sites;
    std::vector<std::uint8_t> wanted(sites.size());
    for (std::uint32_t i = 0; i < sites.size(); ++i) wanted[i] = sites[i] && sites[i]->region == plan.region && scene_.sees(i) ? 1 : 0;
    selection->sites = std::make_shared<const std::vector<std::uint8_t>>(std::move(wanted));
  }
  plan_ = plan;
  selection_ = selection;
  return selection;
}

Result<PinnedNodes::Step> PinnedNodes::at(const Plan& plan, std::size_t chunk, const NodeParts& parts) {
  if (chunk_count_ && chunk >= *chunk_count_) return Step{};
  if (parts.none()) {
    const auto chunks = plan == Plan{} && !scene_.sites_seen() ? kAllCountedAtOnce : kCountedAtOnce;
    auto told = source_.ask({.chunk = chunk, .chunks = chunks, .parts = parts, .selection = selection_of(plan)}, until_boot_ms_);
    if (!told) return told.error();
    chunk_count_ = told->chunk_count;
    return Step{.rows = std::make_shared<const NodeChunk>(std::move(told->rows)), .chunks = chunks};
  }
  const auto is_it = [&](const Held& one) { return one.chunk == chunk && one.plan == plan && one.parts.cover(parts); };
  if (const auto found = std::ranges::find_if(held_, is_it); found != held_.end()) {
    held_.splice(held_.begin(), held_, found);
    return Step{.rows = found->rows};
  }
  auto rows = fetch(plan, chunk, parts);
  if (!rows) return rows.error();
  if (*rows) hold({.plan = plan, .chunk = chunk, .parts = parts, .rows = *rows, .bytes = bytes_of(**rows), .places = {}});
  return Step{.rows = *rows};
}

/// Null where the map has no such chunk.
Result<PinnedNodes::Pinned> PinnedNodes::fetch(const Plan& plan, std::size_t chunk, const NodeParts& parts) {
  auto selection = selection_of(plan);
  auto all = std::make_shared<NodeChunk>();
  selection->most = parts.rows ? kColdRowsAtOnce : SIZE_MAX;
  selection->first_slot = 0;
  NodeParts asked = parts;
  asked.briefs = true;
  for (;;) {
    auto told = source_.ask({.chunk = chunk, .chunks = 1, .parts = asked, .selection = selection}, until_boot_ms_);
    if (!told) return told.error();
    chunk_count_ = told->chunk_count;
    if (chunk >= told->chunk_count) return Pinned{};
    auto& rows = told->rows;
    const bool last = rows.count < selection->most;
    if (!last) selection->first_slot = rows.briefs.back().slot + 1;
    if (all->count == 0) {
      *all = std::move(rows);
    } else {
      all->count += rows.count;
      append(all->briefs, rows.briefs);
      append(all->numbers, rows.numbers);
      append(all->rows, rows.rows);
    }
    if (last) break;
  }
  selection->most = SIZE_MAX;
  selection->first_slot = 0;
  return Pinned(std::move(all));
}

void PinnedNodes::hold(Held held) {
  bytes_ += held.bytes;
  held_.push_front(std::move(held));
  while (held_.size() > 1 && (held_.size() > kMostPinnedChunks || bytes_ > kMostPinnedBytes)) {
    bytes_ -= held_.back().bytes;
    held_.pop_back();
  }
}

Result<PinnedNodes::Pinned> PinnedNodes::find(const NodeId& id, const NodeParts& parts) {
  for (auto& one : held_) {
    if (!one.parts.cover(parts) || one.rows->count < kSmallChunk) continue;
    if (one.places.empty()) {
      for (std::size_t i = 0; i < one.rows->briefs.size(); ++i) one.places.emplace(one.rows->briefs[i].id, i);
    }
    const auto found = one.places.find(id);
    if (found == one.places.end()) continue;
    const auto i = found->second;
    auto row = std::make_shared<NodeChunk>();
    row->count = 1;
    row->briefs.push_back(one.rows->briefs[i]);
    if (parts.numbers) row->numbers.push_back(one.rows->numbers[i]);
    if (parts.rows) row->rows.push_back(one.rows->rows[i]);
    return Pinned(std::move(row));
  }
  NodeParts asked = parts;
  asked.briefs = true;
  auto told = source_.ask({.id = id, .parts = asked}, until_boot_ms_);
  if (!told) return told.error();
  if (told->rows.count == 0 || !scene_.sees(told->rows.briefs.front().site)) return std::make_shared<const NodeChunk>();
  return std::make_shared<const NodeChunk>(std::move(told->rows));
}

}  // namespace capmap
