// What is believed of a node, and why not: from its hello, hardware and past to its verdict.
#include <utility>

#include "controller/map/map_state.hpp"

namespace capmap {
namespace {

bool is_guest(const std::string& virtualization) {
  return !virtualization.empty() && virtualization != "none";
}

}  // namespace

Verdict CapacityMap::State::verdict(RowIndex row) const {
  const auto& place = nodes.place(row);
  if (place.is(Place::kFactsContradict) || place.is(Place::kExcluded) || place.insane != 0) return Verdict::kContradicted;
  return place.shape != 0 && place.is(Place::kUsageTaken) && !place.unproven ? Verdict::kConsistent : Verdict::kUnproven;
}

void CapacityMap::State::judge(RowIndex row) {
  auto& place = nodes.place(row);
  auto found = past.findings(row);
  const auto& hello = nodes.cold(row).hello;
  if (const auto& hardware = shapes.rows()[shapes.hardware(place.shape)]) {
    for (auto& one : findings_of(hello, *hardware)) found.push_back(std::move(one));
  }
  bool against = false;
  for (const auto& one : found) against = against || contradicts(one, hello.virtualization);
  place.set(Place::kFactsContradict, against);
  place.unproven = !found.empty();
  doubts.touch(row);
  exclude(row, Exclusion::kPolicy, against && options.contradicted == Believe::kExclude);
}

std::vector<Finding> CapacityMap::State::findings(RowIndex row) const {
  const auto& place = nodes.place(row);
  const auto& cold = nodes.cold(row);
  std::vector<Finding> found;
  add_exclusions(row, found);
  for (auto& one : past.findings(row)) found.push_back(std::move(one));
  if (const auto& hardware = shapes.rows()[shapes.hardware(place.shape)]) {
    for (auto& one : findings_of(cold.hello, *hardware)) {
      one.contradicts = contradicts(one, cold.hello.virtualization);
      found.push_back(std::move(one));
    }
  }
  for (const auto& [bit, why] : cold.insane_reasons) {
    found.push_back({.word = Doubt::kReading, .text = why, .claimed = {}, .plausible = {}});
  }
  const auto lacks = [&found](Doubt word, const char* text) {
    found.push_back({.word = word, .text = text, .claimed = {}, .plausible = {}, .contradicts = false});
  };
  if (nodes.talk(row).session == 0) {
    lacks(Doubt::kNoHello, "has not said hello yet");
    return found;
  }
  if (place.shape == 0) lacks(Doubt::kNoShape, "its shape is not known yet");
  if (place.shape != 0 && shapes.hardware(place.shape) == kNoHardware) lacks(Doubt::kNoShape, "there is more hardware than the map keeps");
  if (!place.is(Place::kUsageTaken)) lacks(Doubt::kNoUsage, "has not said what is in use yet");
  return found;
}

void CapacityMap::State::note_past(RowIndex row, ShapeIndex shape) {
  const auto& place = nodes.place(row);
  if (place.shape == shape || nodes.talk(row).session == kChildSession) return;
  const auto hardware = [this](ShapeIndex of) {
    return ShapePast::Hardware{.memory_bytes = shapes.facts(of).memory_bytes, .cards = shapes.facts(of).accelerators};
  };
  if (place.shape != 0)
    past.was(row, hardware(place.shape), hello_starts || nodes.talk(row).session == 0, is_guest(nodes.cold(row).hello.virtualization));
  if (shape != 0) past.is(row, hardware(shape), now_ms);
}

void CapacityMap::State::note_verdict(RowIndex row, const std::optional<CellKey>& from, const std::optional<CellKey>& to) {
  if (from != to) {
    if (from) count_contradicted(contradicted, *from, shapes.rows()[from->hardware].get(), false);
    if (to) count_contradicted(contradicted, *to, shapes.rows()[to->hardware].get(), true);
  }
  if (to && to->verdict == Verdict::kContradicted) return note_doubts(row);
  if (!doubts.empty()) doubts.forget(row);
}

void CapacityMap::State::note_doubts(RowIndex row) {
  const auto& place = nodes.place(row);
  const DoubtTable::Sign sign{.shape = place.shape, .insane = place.insane, .flags = place.flags};
  if (!doubts.stale(row, sign)) return;
  std::uint32_t words = 0;
  for (const auto& one : findings(row)) {
    if (one.contradicts) words |= bit_of(one.word);
  }
  doubts.put(row, words, sign, now_ms);
}

}  // namespace capmap
