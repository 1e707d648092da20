#include "controller/map/map_state.hpp"

#include <algorithm>
#include <utility>

namespace capmap {
namespace {

constexpr std::uint64_t kBytesPerMib = 1ULL << 20;

}  // namespace

CapacityMap::State::State(MapOptions given, std::shared_ptr<const ChipTable> chip_table, std::uint64_t now)
    : options(given),
      limits(LivenessLimits::of_interval(given.interval_ms)),
      chips(std::move(chip_table)),
      start_ms(now),
      now_ms(now),
      shapes(chips),
      queues(nodes),
      sites(1),
      pools(1) {}

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
    dictionaries.reset();
  }
  return at->second;
}

void CapacityMap::State::put_site(const Site& site) {
  sites[site_index(site.id)] = std::make_shared<const Site>(site);
  dictionaries.reset();
  ++revision;
}

void CapacityMap::State::add_node(const KnownNode& node, bool at_start) {
  const auto known = nodes.find(node.id);
  const RowIndex row = known ? *known : nodes.add(node.id);
  const auto before = numbers(row);
  auto& place = nodes.place(row);
  place.site = site_index(node.site);
  nodes.cold(row).joined_hostname = node.hostname;
  if (!known && at_start) {
    place.set(Place::kCounted, true);
    queues.enter(row, Liveness::kResyncing);
  } else if (!known) {
    place.liveness = Liveness::kLost;  // in no queue and no cell until it says hello
  }
  settle(row, before);
}

void CapacityMap::State::set_liveness(RowIndex row, Liveness liveness) {
  auto& place = nodes.place(row);
  queues.leave(row, place.liveness);
  place.liveness = liveness;
  queues.enter(row, liveness);
}

void CapacityMap::State::advance() {
  const auto age_out = [this](Liveness from, auto&& next_of) {
    while (const auto row = queues.front(from)) {
      const Liveness next = next_of(*row);
      if (next == from) return;
      const auto before = numbers(*row);
      set_liveness(*row, next);
      settle(*row, before);
    }
  };
  const auto by_age = [this](RowIndex row) { return limits.of_age(now_ms - nodes.talk(row).heard_ms); };
  age_out(Liveness::kFresh, by_age);
  age_out(Liveness::kStale, by_age);
  const bool grace_over = now_ms >= start_ms + options.resync_grace_ms;
  age_out(Liveness::kResyncing, [grace_over](RowIndex) { return grace_over ? Liveness::kLost : Liveness::kResyncing; });
  shapes.forget_unused(now_ms);
  count_shapes();
}

void CapacityMap::State::count_shapes() {
  counters.shapes = shapes.shape_count();
  counters.hardware_rows = shapes.row_count();
}

Verdict CapacityMap::State::verdict(RowIndex row) const {
  const auto& place = nodes.place(row);
  if (place.is(Place::kFactsContradict) || place.insane != 0) return Verdict::kContradicted;
  return place.shape != 0 && place.is(Place::kUsageTaken) ? Verdict::kConsistent : Verdict::kUnproven;
}

bool CapacityMap::State::silent_beyond_ttl(RowIndex row) const {
  return !nodes.place(row).is(Place::kHeard) || now_ms - nodes.talk(row).heard_ms > limits.ttl_ms;
}

ReadingLimits CapacityMap::State::reading_limits(RowIndex row) const {
  const auto& place = nodes.place(row);
  const auto& facts = shapes.facts(place.shape);
  ReadingLimits held{.pus = facts.pus, .memory_mib = {}, .disks_bytes = facts.disks_bytes, .accelerators = {}, .accelerator_mib = {}};
  if (facts.accelerator_bytes) held.accelerator_mib = *facts.accelerator_bytes / kBytesPerMib;
  if (place.is(Place::kPusKnown)) held.pus = std::max(facts.pus.value_or(0), static_cast<std::uint32_t>(nodes.talk(row).pus_allowed));
  if (place.is(Place::kMemoryKnown)) {
    held.memory_mib = nodes.levels(row).memory_total_mib;
  } else if (facts.memory_bytes) {
    held.memory_mib = *facts.memory_bytes / kBytesPerMib;
  }
  if (place.shape != 0) held.accelerators = facts.accelerators;
  return held;
}

}  // namespace capmap
