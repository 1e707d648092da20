// What is believed of a node, and why not: from its hello, hardware and past to its verdict.
#include <algorithm>
#include <utility>

#include "controller/map/map_state.hpp"

namespace capmap {
namespace {

bool is_guest(const std::string& virtualization) {
  return !virtualization.empty() && virtualization != "none";
}

/// Cards of models that a site's operator does not have there, by all models that it declares. One of the two is wrong: which, the map
/// does not know.
void add_undeclared(const Site& site, const HardwareRow& hardware, bool binding, std::vector<Finding>& found) {
  const auto& all = site.declared.of(Declared::kAccelerators);
  if (!all) return;
  std::uint64_t by_model = 0;
  for (const auto& model : site.declared.accelerators_by_model) by_model += model.second;
  if (by_model != *all) return;  // only some models were declared
  for (const auto& name : hardware.accelerator_names) {
    const auto declared = site.declared.accelerators_by_model.find(name);
    if (declared != site.declared.accelerators_by_model.end() && declared->second > 0) continue;
    found.push_back({.word = Doubt::kUndeclaredCard,
                     .text = "site " + site.name + " declares " + std::to_string(*all) + " accelerators, and no " + name + " among them",
                     .claimed = name,
                     .plausible = {},
                     .contradicts = binding});
  }
}

}  // namespace

void CapacityMap::State::add_judged(RowIndex row, const Hello& hello, std::vector<Finding>& found) const {
  const auto& place = nodes.place(row);
  for (auto& one : past.findings(row)) found.push_back(std::move(one));
  const auto& hardware = shapes.rows()[shapes.hardware(place.shape)];
  if (!hardware) return;
  for (auto& one : findings_of(hello, *hardware)) {
    one.contradicts = contradicts(one, hello.virtualization);
    found.push_back(std::move(one));
  }
  if (const auto& site = sites[place.site]) add_undeclared(*site, *hardware, options.declared_binds, found);
}

bool CapacityMap::State::rejudge() {
  if (rejudge_sites.empty()) return false;
  constexpr RowIndex kRowsATurn = 65'536;
  constexpr std::size_t kJudgedATurn = 1'024;  // some milliseconds
  const auto last = std::min<std::size_t>(std::size_t{rejudge_next} + kRowsATurn, nodes.row_count());
  std::size_t judged = 0;
  for (; rejudge_next < last && judged < kJudgedATurn; ++rejudge_next) {
    const auto& place = nodes.place(rejudge_next);
    if (place.vacant || place.shape == 0 || !rejudge_sites.contains(place.site)) continue;
    ++judged;
    const auto before = numbers(rejudge_next);
    judge(rejudge_next);
    settle(rejudge_next, before);
  }
  if (rejudge_next < nodes.row_count()) return true;
  rejudge_sites.clear();
  return false;
}

Verdict CapacityMap::State::verdict(RowIndex row) const {
  const auto& place = nodes.place(row);
  if (place.is(Place::kFactsContradict) || place.is(Place::kExcluded) || place.insane != 0) return Verdict::kContradicted;
  return place.shape != 0 && place.is(Place::kUsageTaken) && !place.unproven ? Verdict::kConsistent : Verdict::kUnproven;
}

void CapacityMap::State::judge(RowIndex row) {
  auto& place = nodes.place(row);
  std::vector<Finding> found;
  add_judged(row, nodes.cold(row).hello, found);
  const bool against = std::ranges::any_of(found, &Finding::contradicts);
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
  add_judged(row, cold.hello, found);
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
    const auto& kind = shapes.rows()[shapes.hardware(of)];
    return ShapePast::Hardware{.memory_bytes = shapes.facts(of).memory_bytes,
                               .cards = shapes.facts(of).accelerators,
                               .processor = kind ? kind->shape.cpu.identity : std::string()};
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
