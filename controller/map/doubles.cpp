#include "controller/map/doubles.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace capmap {
namespace {

constexpr std::uint64_t kPublishEveryMs = 1'000;

}  // namespace

std::uint64_t DoubleTable::key_of(RowIndex one, RowIndex other) {
  return std::uint64_t{std::min(one, other)} << 32U | std::max(one, other);
}

bool DoubleTable::alike(Kind kind, RowIndex one, RowIndex other) const {
  const auto mark = kinds_[kind].mark(one);
  return mark != 0 && mark == kinds_[kind].mark(other);
}

void DoubleTable::put(Kind kind, RowIndex row, Fingerprint mark, std::uint64_t since_unix_ms) {
  touch(row);
  kinds_[kind].put(row, mark, since_unix_ms);
  touch(row);
}

void DoubleTable::reserve(std::size_t nodes) {
  for (auto& kind : kinds_) kind.reserve(nodes);
}

bool DoubleTable::say(RowIndex row, const MachineMarks& marks, std::uint64_t now_unix_ms) {
  if (!marks.any()) return false;
  const std::array now = {marks.uuid.value_or(0), marks.ports.value_or(0)};
  const std::array before = {kinds_[kUuid].mark(row), kinds_[kPorts].mark(row)};
  const auto other_one = [&](std::size_t kind) { return now[kind] != 0 && before[kind] != 0 && now[kind] != before[kind]; };
  for (const auto kind : {kUuid, kPorts}) {
    // What is missing is not known; where the other kind tells of another machine, it is another machine's.
    const bool stays = now[kind] == 0 && !other_one(1 - kind);
    put(kind, row, stays ? before[kind] : now[kind], now_unix_ms);
  }
  return before != std::array{kinds_[kUuid].mark(row), kinds_[kPorts].mark(row)};
}

MachineMarks DoubleTable::marks(RowIndex row) const {
  const auto known = [row](const MarkTable& kind) { return kind.mark(row) == 0 ? std::nullopt : std::optional(kind.mark(row)); };
  return {.uuid = known(kinds_[kUuid]), .ports = known(kinds_[kPorts])};
}

void DoubleTable::settle(RowIndex row, RowIndex other, bool same, std::uint64_t at_unix_ms) {
  const auto [at, is_new] = settled_.insert_or_assign(key_of(row, other), Settled{row, other, same, at_unix_ms});
  if (is_new) {
    with_[row].push_back(other);
    with_[other].push_back(row);
  }
  changed_ = true;
}

std::vector<RowIndex> DoubleTable::confirmed_of(RowIndex row) const {
  std::vector<RowIndex> others;
  const auto known = with_.find(row);
  for (const auto other : known == with_.end() ? std::vector<RowIndex>() : known->second) {
    const auto& settled = settled_.at(key_of(row, other));
    if (settled.same && settled.row == row && (same_uuid(row, other) || same_ports(row, other))) others.push_back(other);
  }
  return others;
}

std::vector<RowIndex> DoubleTable::copies_of(RowIndex row) const {
  std::vector<RowIndex> copies;
  const auto known = with_.find(row);
  for (const auto other : known == with_.end() ? std::vector<RowIndex>() : known->second) {
    const auto& settled = settled_.at(key_of(row, other));
    if (settled.same && settled.row == other) copies.push_back(other);
  }
  return copies;
}

bool DoubleTable::leave_out(RowIndex row, std::optional<RowIndex> other) {
  if (left_out_for(row) == other) return false;
  if (other) {
    left_out_[row] = *other;
  } else {
    left_out_.erase(row);
  }
  changed_ = true;
  return true;
}

std::optional<RowIndex> DoubleTable::left_out_for(RowIndex row) const {
  const auto known = left_out_.find(row);
  return known == left_out_.end() ? std::nullopt : std::optional(known->second);
}

std::vector<RowIndex> DoubleTable::forget(RowIndex row) {
  for (const auto kind : {kUuid, kPorts}) put(kind, row, 0, 0);
  leave_out(row, std::nullopt);
  auto copies = copies_of(row);
  const auto known = with_.extract(row);
  for (const auto other : known ? known.mapped() : std::vector<RowIndex>()) {
    settled_.erase(key_of(row, other));
    auto& others = with_.at(other);
    std::erase(others, row);
    if (others.empty()) with_.erase(other);
    changed_ = true;
  }
  return copies;
}

void DoubleTable::touch(RowIndex row) {
  changed_ = changed_ || is_settled(row) || kinds_[kUuid].shares(row) || kinds_[kPorts].shares(row);
}

std::vector<DoubleTable::Pair> DoubleTable::pairs() const {
  std::unordered_map<std::uint64_t, Pair> found;
  for (const auto& [key, settled] : settled_) {
    if (found.size() == kMostPairs) break;
    found[key] = {.row = settled.row, .other = settled.other, .same = settled.same, .settled_unix_ms = settled.at_unix_ms};
  }
  const auto note = [&found](const MarkTable::Saying& one, const MarkTable::Saying& other) {
    const auto key = key_of(one.row, other.row);
    if (found.size() >= kMostPairs && !found.contains(key)) return;
    auto& pair = found[key];
    if (pair.row == pair.other) std::tie(pair.row, pair.other) = std::minmax(one.row, other.row);
    const auto since_unix_ms = std::max(one.since_unix_ms, other.since_unix_ms);
    pair.since_unix_ms = pair.alike ? std::min(pair.since_unix_ms, since_unix_ms) : since_unix_ms;
    pair.alike = true;
  };
  for (const auto& kind : kinds_) {
    kind.each_alike([&note](const std::vector<MarkTable::Saying>& rows) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        for (std::size_t j = i + 1; j < rows.size(); ++j) note(rows[i], rows[j]);
      }
    });
  }
  std::vector<Pair> all;
  all.reserve(found.size());
  for (const auto& [key, pair] : found) all.push_back(pair);
  return all;
}

bool DoubleTable::publish_due(std::uint64_t now_ms) const {
  return changed_ && (!published_ || now_ms >= published_ms_ + kPublishEveryMs);
}

}  // namespace capmap
