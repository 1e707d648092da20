#include "controller/map/map_state.hpp"

#include <algorithm>
#include <utility>

namespace capmap {
namespace {

constexpr std::uint64_t kBytesPerMib = 1ULL << 20;
constexpr std::uint32_t kMsPerDs = 100;
constexpr std::uint64_t kMost48Bits = (1ULL << 48) - 1;  ///< what Talk::heard_ms has room for
constexpr std::size_t kAdvanceBudget = 200'000;          ///< rows looked at in one call: some milliseconds
constexpr std::size_t kAgeOutCost = 100;                 ///< a row that changes costs as much as so many that do not

}  // namespace

CapacityMap::State::State(MapOptions given, std::shared_ptr<const ChipTable> chip_table, std::uint64_t now)
    : options(given),
      chips(std::move(chip_table)),
      start_ms(now),
      now_ms(now),
      nodes(given.cold_records),
      shapes(chips),
      sites(1),
      pools(1),
      regions(given.regions) {
  contradicted.policy = options.contradicted;
  options.max_nodes = std::min<std::uint32_t>(options.max_nodes, NodeTable::kMostRows);
}

std::uint64_t CapacityMap::State::forward(std::uint64_t now) {
  now_ms = std::max(now_ms, now);
  return now_ms;
}

std::uint32_t CapacityMap::State::site_index(const SiteId& id) {
  const auto [at, made] = site_indexes.try_emplace(id, static_cast<std::uint32_t>(sites.size()));
  if (made) {
    Site unnamed;
    unnamed.id = id;
    sites.push_back(std::make_shared<const Site>(std::move(unnamed)));
    dictionaries_stale = true;
  }
  return at->second;
}

void CapacityMap::State::put_site(std::shared_ptr<const Site> site) {
  const auto index = site_index(site->id);
  const auto& before = sites[index];
  if (nodes.size() != 0 && (before ? before->declared != site->declared : !site->declared.empty())) {
    rejudge_sites.insert(index);
    rejudge_next = 0;
  }
  sites[index] = std::move(site);
  dictionaries_stale = true;
  ++revision;
}

void CapacityMap::State::add_node(const KnownNode& node, bool at_start, const std::optional<ShapeId>& shape,
                                  std::optional<std::uint64_t> last_seen_unix_ms) {
  const auto known = nodes.find(node.id);
  if (!known && nodes.size() >= options.max_nodes) {
    ++counters.refused["too_many_nodes"];
    return;
  }
  const RowIndex row = known ? *known : nodes.add(node.id);
  const auto before = numbers(row);
  auto& place = nodes.place(row);
  place.site = site_index(node.site);
  place.pool = node.pool ? pool_index(*node.pool) : std::uint16_t{0};
  nodes.cold(row).joined_hostname = node.hostname;
  if (known) shared.move(row, place.site);
  if (known && place.shape != 0) judge(row);  // another site may declare another thing
  place.service = service_at(row);            // of the site and pool that it comes to, too
  if (!known) {
    place.interval_ds = interval_ds();
    nodes.talk(row).heard_ms = last_seen_unix_ms.value_or(0) & kMost48Bits;
    ++by_liveness[static_cast<std::size_t>(place.liveness)];
    place.set(Place::kCounted, at_start);
    // Else in no cell, and lost to nobody, until it says hello.
    set_liveness(row, at_start ? Liveness::kResyncing : Liveness::kLost);
    if (const auto kept = shape ? shapes.find(*shape) : std::nullopt) bind(row, *kept);
  }
  restoring = at_start && !known;
  settle(row, before);
  restoring = false;
}

std::uint16_t CapacityMap::State::interval_ds() const {
  return static_cast<std::uint16_t>(std::clamp<std::uint32_t>(options.interval_ms / kMsPerDs, 1, UINT16_MAX));
}

std::uint16_t CapacityMap::State::pool_index(const PoolId& id) {
  const auto [at, made] = pool_indexes.try_emplace(id, static_cast<std::uint32_t>(pools.size()));
  if (made && pools.size() > UINT16_MAX) {
    pool_indexes.erase(at);
    return 0;  // no room for more: its nodes count to no pool
  }
  if (made) {
    Pool unnamed;
    unnamed.id = id;
    pools.push_back(std::make_shared<const Pool>(std::move(unnamed)));
    dictionaries_stale = true;
  }
  return static_cast<std::uint16_t>(at->second);
}

void CapacityMap::State::put_pool(const Pool& pool) {
  if (const auto index = pool_index(pool.id); index != 0) pools[index] = std::make_shared<const Pool>(pool);
  dictionaries_stale = true;
  ++revision;
}

ShapeId CapacityMap::State::named_shape(RowIndex row) const {
  const auto shape = nodes.place(row).shape;
  return shape != 0 ? shapes.id(shape) : nodes.cold(row).hello.shape_id;
}

LivenessLimits CapacityMap::State::limits(RowIndex row) const {
  return LivenessLimits::of_interval(interval_ms(row));
}

std::uint32_t CapacityMap::State::interval_ms(RowIndex row) const {
  return std::uint32_t{nodes.place(row).interval_ds} * kMsPerDs;
}

std::uint64_t CapacityMap::State::due_ms(RowIndex row) const {
  const auto heard_ms = nodes.talk(row).heard_ms;
  switch (nodes.place(row).liveness) {
    case Liveness::kResyncing: return start_ms + options.resync_grace_ms;
    case Liveness::kFresh: return heard_ms + limits(row).fresh_ms + 1;
    case Liveness::kStale: return heard_ms + limits(row).ttl_ms + 1;
    default: return DueTimes::kNever;
  }
}

void CapacityMap::State::set_liveness(RowIndex row, Liveness liveness) {
  auto& place = nodes.place(row);
  --by_liveness[static_cast<std::size_t>(place.liveness)];
  ++by_liveness[static_cast<std::size_t>(liveness)];
  place.liveness = liveness;
  due.note(row, due_ms(row));
}

void CapacityMap::State::age_out(RowIndex row) {
  const auto before = numbers(row);
  const bool unheard = nodes.place(row).liveness == Liveness::kResyncing;
  set_liveness(row, unheard ? Liveness::kLost : limits(row).of_age(now_ms - nodes.talk(row).heard_ms));
  settle(row, before);
}

bool CapacityMap::State::advance() {
  const bool declared_left = rejudge(), chips_left = judge_anew();
  const bool more_goes = std::ranges::any_of(children, [this](ChildLink& child) { return sweep(child); }) || declared_left || chips_left;
  std::size_t cost = 0;
  while (cost < kAdvanceBudget) {
    const auto block = due.take(now_ms);
    if (!block) {
      const auto rows = shapes.row_count();
      shapes.forget_unused(now_ms);
      if (shapes.row_count() != rows) changes.skip_to(revision);  // a number that changes name is free for other hardware
      count_shapes();
      if (shared.publish_due(now_ms) || guests.publish_due(now_ms) || doubles.publish_due(now_ms)) ++revision;  // their second is over
      if (guests.refused() > 0) counters.refused["guests_over_limit"] = guests.refused();
      if (doubles.refused() > 0) counters.refused["doubles_over_limit"] = doubles.refused();
      if (shared.refused() > 0) counters.refused["shared_over_limit"] = shared.refused();
      return more_goes;
    }
    const auto first = *block * DueTimes::kBlockRows;
    const auto last = std::min(first + DueTimes::kBlockRows, nodes.row_count());
    for (auto at = first; at < last; ++at) {
      const auto row = static_cast<RowIndex>(at);
      const auto row_due_ms = due_ms(row);
      ++cost;
      if (row_due_ms > now_ms) {
        due.note(row, row_due_ms);
      } else {
        age_out(row);
        cost += kAgeOutCost;
      }
    }
  }
  return true;
}

void CapacityMap::State::count_shapes() {
  counters.shapes = shapes.shape_count();
  counters.hardware_rows = shapes.row_count();
}

bool CapacityMap::State::silent_beyond_ttl(RowIndex row) const {
  return !nodes.place(row).is(Place::kHeard) || now_ms - nodes.talk(row).heard_ms > limits(row).ttl_ms;
}

ReadingLimits CapacityMap::State::reading_limits(RowIndex row) const {
  const auto& place = nodes.place(row);
  const auto& facts = shapes.facts(place.shape);
  ReadingLimits held{.pus = facts.pus,
                     .memory_mib = {},
                     .disks_bytes = facts.disks_bytes,
                     .accelerators = {},
                     .accelerator_mib = {},
                     .watts = facts.watts};
  if (facts.accelerator_bytes) held.accelerator_mib = *facts.accelerator_bytes / kBytesPerMib;
  if (place.is(Place::kPusKnown)) held.pus = std::max(facts.pus.value_or(0), static_cast<std::uint32_t>(nodes.talk(row).pus_allowed));
  if (place.is(Place::kMemoryKnown)) {
    held.memory_mib = nodes.levels(row).memory_total_mib;
    if (facts.memory_bytes) held.memory_mib = std::min(*held.memory_mib, *facts.memory_bytes / kBytesPerMib);  // hello may claim more
  } else if (facts.memory_bytes) {
    held.memory_mib = *facts.memory_bytes / kBytesPerMib;
  }
  if (shapes.hardware(place.shape) != kNoHardware) held.accelerators = facts.accelerators;
  return held;
}

}  // namespace capmap
