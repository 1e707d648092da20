// Virtual machines inside reporting hosts: counted there, and not beside them.
#include <algorithm>
#include <string_view>

#include "controller/map/map_state.hpp"

namespace capmap {

bool CapacityMap::State::may_hold(RowIndex host, RowIndex guest) const {
  return host != guest && stands(host) && nodes.place(host).site == nodes.place(guest).site;
}

bool CapacityMap::State::choose_host(RowIndex guest) {
  if (!guests.is_guest(guest)) return false;
  const auto before = guests.host(guest);
  std::optional<GuestTable::Claim> best;
  for (const auto& claim : guests.claims(guest)) {
    if (!may_hold(claim.host, guest)) continue;
    const bool newer =
        !best || claim.since_ms > best->since_ms || (claim.since_ms == best->since_ms && nodes.id(claim.host) > nodes.id(best->host));
    if (newer) best = claim;
  }
  if (best) {
    guests.put(guest, best->host, 0);
  } else if (before && may_hold(*before, guest)) {
    const auto unnamed_ms = guests.unnamed_ms(guest);
    guests.put(guest, before, unnamed_ms != 0 ? unnamed_ms : now_ms);
  } else {
    guests.put(guest, std::nullopt, 0);
  }
  return guests.host(guest) != before;
}

void CapacityMap::State::look_at_guests(RowIndex row) {
  if (!guests.concerns(row)) return;
  std::vector<RowIndex> moved;
  for (const auto guest : guests.touched_by(row)) {
    if (choose_host(guest)) moved.push_back(guest);
  }
  count_guests(std::move(moved));
}

void CapacityMap::State::count_guests(std::vector<RowIndex> rows) {
  std::size_t first = 0;
  for (std::size_t level = 0; level < GuestTable::kMostLevels; ++level) {  // whose chain goes through one of them
    const auto last = rows.size();
    for (; first < last; ++first) {
      const auto& inside = guests.inside(rows[first]);
      rows.insert(rows.end(), inside.begin(), inside.end());
    }
  }
  std::ranges::sort(rows);
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  for (const auto guest : rows) {
    const auto before = numbers(guest);
    nodes.place(guest).elsewhere = guests.counted_elsewhere(guest) || doubles.left_out_for(guest);
    settle(guest, before);
  }
  for (const auto guest : rows) look_at_doubles(guest);
  if (!rows.empty()) guests.changed();
}

void CapacityMap::State::note_guests(RowIndex row, const Hello& hello, bool starts) {
  const std::string_view word = hello.virtualization;
  if (word.empty() && !hello.guest_fingerprints) return;  // it does not know yet what it is
  const auto before = guests.host(row);
  if (!word.empty()) guests.say(row, word == "none" ? std::vector<Fingerprint>() : hello.fingerprints);
  if (hello.guest_fingerprints) guests.name(row, *hello.guest_fingerprints, now_ms);
  // A machine that starts has not been named for as long as it was off: its host is given its time anew.
  if (starts && guests.unnamed_ms(row) != 0) guests.put(row, guests.host(row), now_ms);
  look_at_guests(row);
  if (before && !guests.host(row)) count_guests({row});  // it is no guest any more
}

void CapacityMap::State::note_alive(RowIndex guest) {
  const auto unnamed_ms = guests.unnamed_ms(guest);
  if (unnamed_ms == 0 || now_ms < unnamed_ms + GuestTable::kGraceMs || nodes.place(guest).liveness != Liveness::kFresh) return;
  guests.put(guest, std::nullopt, 0);
  count_guests({guest});
}

}  // namespace capmap
