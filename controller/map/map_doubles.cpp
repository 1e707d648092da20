// One machine under two keys: what nodes say tells it, an admin confirms it, and then one of the two is counted in the other.
#include <algorithm>
#include <tuple>
#include <utility>

#include "controller/map/map_state.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostLevels = 16;       ///< of nodes that are counted in others
constexpr std::size_t kMostFollowed = 4'096;  ///< nodes that depend on one

}  // namespace

bool CapacityMap::State::stands(RowIndex row) const {
  const auto& place = nodes.place(row);
  return place.is(Place::kCounted) && !place.is(Place::kExcluded) && counts_as_installed(place.service);
}

std::optional<RowIndex> CapacityMap::State::double_of(RowIndex row) const {
  const auto chosen = [this](RowIndex at) {
    std::optional<RowIndex> first;
    for (const auto other : doubles.confirmed_of(at)) {
      if (stands(other) && (!first || nodes.id(other) < nodes.id(*first))) first = other;
    }
    return first;
  };
  const auto other = chosen(row);
  auto at = other;
  for (std::size_t level = 0; at && level < kMostLevels; ++level) {
    if (*at == row) return std::nullopt;  // a ring: it would be counted nowhere
    const auto next = guests.counted_elsewhere(*at) ? guests.host(*at) : chosen(*at);
    if (!next) return other;
    at = next;
  }
  return std::nullopt;
}

void CapacityMap::State::look_at_doubles(RowIndex row) {
  if (doubles.idle()) return;
  std::vector<RowIndex> rows = {row};
  for (std::size_t i = 0; i < rows.size() && rows.size() < kMostFollowed; ++i) {
    for (const auto& below : {doubles.copies_of(rows[i]), guests.inside(rows[i])}) {
      for (const auto one : below) {
        if (std::ranges::find(rows, one) == rows.end()) rows.push_back(one);
      }
    }
  }
  for (const auto one : rows) {
    const auto other = doubles.is_settled(one) ? double_of(one) : std::nullopt;
    const auto before = numbers(one);
    if (!doubles.leave_out(one, other)) continue;
    nodes.place(one).elsewhere = other || guests.counted_elsewhere(one);
    settle(one, before);
  }
}

void CapacityMap::State::note_machine(RowIndex row, const MachineMarks& marks, std::uint64_t since_unix_ms) {
  if (doubles.say(row, marks, since_unix_ms)) look_at_doubles(row);
}

bool CapacityMap::State::settle_double(const SettledDouble& settled) {
  const auto row = nodes.find(settled.node), other = nodes.find(settled.other);
  if (!row || !other || row == other) return false;
  doubles.settle(*row, *other, settled.same, settled.settled_unix_ms);
  ++revision;
  look_at_doubles(*row);
  look_at_doubles(*other);
  return true;
}

Double::Side CapacityMap::State::side_of(RowIndex row) const {
  const auto& place = nodes.place(row);
  const auto cold = nodes.cold(row);
  return {.node = nodes.id(row),
          .site = place.site,
          .liveness = place.liveness,
          .service = place.service,
          .hostname = cold.hello.hostname.empty() ? cold.joined_hostname : cold.hello.hostname};
}

DoubleTable::Published CapacityMap::State::double_list(std::vector<DoubleTable::Pair> pairs) const {
  const auto state_of = [](const DoubleTable::Pair& pair) {
    return !pair.same ? DoubleState::kSuspected : *pair.same ? DoubleState::kConfirmed : DoubleState::kDismissed;
  };
  const auto in_totals = [this](RowIndex row) { return stands(row) && !nodes.place(row).elsewhere; };
  auto list = std::make_shared<DoubleList>();
  list->complete = pairs.size() < DoubleTable::kMostPairs;
  std::erase_if(pairs, [&](const auto& pair) { return !pair.same && !(in_totals(pair.row) && in_totals(pair.other)); });
  for (auto& pair : pairs) {
    if (!pair.same.value_or(false) && nodes.id(pair.other) < nodes.id(pair.row)) std::swap(pair.row, pair.other);
  }
  std::ranges::sort(pairs, [&](const auto& a, const auto& b) {
    return std::tuple(state_of(a), nodes.id(a.row), nodes.id(a.other)) < std::tuple(state_of(b), nodes.id(b.row), nodes.id(b.other));
  });
  std::vector<RowIndex> suspected, left_out;
  for (const auto& pair : pairs) {
    if (!pair.same) suspected.insert(suspected.end(), {pair.row, pair.other});
    if (doubles.left_out_for(pair.row)) left_out.push_back(pair.row);
    if (list->pairs.size() == DoubleTable::kMostShown) {
      list->complete = false;
      continue;
    }
    list->pairs.push_back({.node = side_of(pair.row),
                           .other = side_of(pair.other),
                           .state = state_of(pair),
                           .uuid = doubles.same_uuid(pair.row, pair.other),
                           .ports = doubles.same_ports(pair.row, pair.other),
                           .left_out = doubles.left_out_for(pair.row) == pair.other,
                           .since_unix_ms = pair.since_unix_ms,
                           .settled_unix_ms = pair.settled_unix_ms});
  }
  const auto count = [](std::vector<RowIndex>& rows) {
    std::ranges::sort(rows);
    return static_cast<std::uint32_t>(std::unique(rows.begin(), rows.end()) - rows.begin());
  };
  list->suspected_nodes = count(suspected);
  list->left_out_nodes = count(left_out);
  return list->pairs.empty() ? nullptr : list;
}

}  // namespace capmap
