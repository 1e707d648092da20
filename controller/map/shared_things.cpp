#include "controller/map/shared_things.hpp"

#include <algorithm>

namespace capmap {
namespace {

constexpr std::uint64_t kPublishEveryMs = 1'000;  ///< a copy of the table is a pointer a thing

}  // namespace

void SharedSum::add(const SharedThing& thing) {
  ++things;
  if (!thing.size_mb) ++unknown_size;
  if (!thing.used_mb) ++unknown_use;
  size_mb += thing.size_mb.value_or(0);
  used_mb += thing.used_mb.value_or(0);
}

void SharedSum::take_away(const SharedThing& thing) {
  --things;
  if (!thing.size_mb) --unknown_size;
  if (!thing.used_mb) --unknown_use;
  size_mb -= thing.size_mb.value_or(0);
  used_mb -= thing.used_mb.value_or(0);
}

void SharedThings::report(RowIndex row, std::uint32_t site, const std::vector<SharedFileSystem>& mounted, std::uint64_t now_ms) {
  const auto had = mounts_.find(row);
  if (had == mounts_.end() && mounted.empty()) return;
  std::vector<std::uint32_t> before;
  if (had != mounts_.end()) before = std::move(had->second);
  std::vector<std::uint32_t> now;
  now.reserve(mounted.size());
  for (const auto& system : mounted) {
    const auto number = number_of(site, system);
    if (!number || std::ranges::find(now, *number) != now.end()) continue;  // said twice in one message: once is enough
    now.push_back(*number);
    tell(*number, row, system, now_ms, std::ranges::find(before, *number) == before.end());
  }
  for (const auto number : before) {
    if (std::ranges::find(now, number) == now.end()) drop(number, row);
  }
  changed_ = true;
  if (now.empty()) {
    mounts_.erase(row);
  } else {
    mounts_[row] = std::move(now);
  }
}

void SharedThings::move(RowIndex row, std::uint32_t site) {
  const auto had = mounts_.find(row);
  if (had == mounts_.end()) return;
  const auto before = std::move(had->second);
  std::vector<std::uint32_t> now;
  for (const auto old : before) {
    const auto thing = things_[old];
    if (thing->site == site) {
      now.push_back(old);
      continue;
    }
    SharedFileSystem said{.source = thing->source, .type = thing->type, .size_mb = {}, .used_mb = {}};
    if (told_by_[old] == row) {
      said.size_mb = thing->size_mb;
      said.used_mb = thing->used_mb;
    }
    drop(old, row);
    const auto number = number_of(site, said);
    if (!number) continue;
    tell(*number, row, said, thing->told_boot_ms, true);
    now.push_back(*number);
  }
  changed_ = true;
  if (now.empty()) {
    mounts_.erase(row);
  } else {
    mounts_[row] = std::move(now);
  }
}

std::optional<std::uint32_t> SharedThings::number_of(std::uint32_t site, const SharedFileSystem& system) {
  Key key{site, system.source};
  if (const auto known = numbers_.find(key); known != numbers_.end()) return known->second;
  if (sums_.size() <= site) sums_.resize(site + 1);
  if (sums_[site].things >= kMostASite || numbers_.size() >= kMost) {
    sums_[site].full = true;
    ++refused_;
    return std::nullopt;
  }
  const auto number = free_.empty() ? static_cast<std::uint32_t>(things_.size()) : free_.back();
  if (free_.empty()) {
    things_.emplace_back();
    told_by_.emplace_back();
  } else {
    free_.pop_back();
  }
  numbers_.emplace(std::move(key), number);
  put(number, std::make_shared<const SharedThing>(
                  SharedThing{.site = site, .source = system.source, .type = system.type, .size_mb = {}, .used_mb = {}}));
  return number;
}

void SharedThings::put(std::uint32_t number, std::shared_ptr<const SharedThing> next) {
  auto& thing = things_[number];
  if (thing) sums_[thing->site].take_away(*thing);
  if (next) sums_[next->site].add(*next);
  thing = std::move(next);
}

void SharedThings::tell(std::uint32_t number, RowIndex row, const SharedFileSystem& system, std::uint64_t told_ms, bool joins) {
  auto next = *things_[number];
  if (joins) ++next.reporters;
  next.told_boot_ms = std::max(next.told_boot_ms, told_ms);
  if (system.size_mb) {  // one that hangs on this node may well answer another
    next.size_mb = system.size_mb;
    next.used_mb = system.used_mb;
    told_by_[number] = row;
  }
  put(number, std::make_shared<const SharedThing>(std::move(next)));
}

void SharedThings::drop(std::uint32_t number, RowIndex row) {
  auto next = *things_[number];
  if (--next.reporters == 0) {
    sums_[next.site].full = false;  // there is room for one that was refused, at its node's next word
    numbers_.erase(Key{next.site, next.source});
    put(number, nullptr);
    free_.push_back(number);
    return;
  }
  if (told_by_[number] == row) next.size_mb = next.used_mb = std::nullopt;  // until another one tells it
  put(number, std::make_shared<const SharedThing>(std::move(next)));
}

bool SharedThings::publish_due(std::uint64_t now_ms) const {
  return changed_ && (!published_ || now_ms >= published_ms_ + kPublishEveryMs);
}

std::shared_ptr<const SharedTable> SharedThings::publish(std::uint64_t now_ms) {
  if (published_ && !publish_due(now_ms)) return published_;
  auto table = std::make_shared<SharedTable>();
  table->things.reserve(numbers_.size());
  for (const auto& thing : things_) {
    if (thing) table->things.push_back(thing);
  }
  table->sites = sums_;
  published_ = std::move(table);
  published_ms_ = now_ms;
  changed_ = false;
  return published_;
}

}  // namespace capmap
