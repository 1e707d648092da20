#include "controller/map/shared_things.hpp"

#include <algorithm>

namespace capmap {
namespace {

constexpr std::uint64_t kPublishEveryMs = 1'000;  ///< a copy of the table is a pointer a thing

}  // namespace

void SharedThings::report(RowIndex row, std::uint32_t site, const std::vector<SharedFileSystem>& mounted, std::uint64_t now_ms) {
  const auto had = mounts_.find(row);
  if (had == mounts_.end() && mounted.empty()) return;
  std::vector<std::uint32_t> before;
  if (had != mounts_.end()) before = std::move(had->second);
  std::vector<std::uint32_t> now;
  now.reserve(mounted.size());
  for (const auto& system : mounted) {
    now.push_back(number_of(site, system));
    tell(now.back(), row, system, now_ms, std::ranges::find(before, now.back()) == before.end());
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
  for (auto& number : had->second) {
    const auto thing = things_[number];
    if (thing->site == site) continue;
    SharedFileSystem said{.source = thing->source, .type = thing->type, .size_mb = {}, .used_mb = {}};
    if (told_by_[number] == row) {
      said.size_mb = thing->size_mb;
      said.used_mb = thing->used_mb;
    }
    drop(number, row);
    number = number_of(site, said);
    tell(number, row, said, thing->told_boot_ms, true);
  }
  changed_ = true;
}

std::uint32_t SharedThings::number_of(std::uint32_t site, const SharedFileSystem& system) {
  const auto [at, made] = numbers_.try_emplace(Key{site, system.source}, static_cast<std::uint32_t>(things_.size()));
  if (!made) return at->second;
  if (free_.empty()) {
    things_.emplace_back();
    told_by_.emplace_back();
  } else {
    at->second = free_.back();
    free_.pop_back();
  }
  SharedThing thing{.site = site, .source = system.source, .type = system.type, .size_mb = {}, .used_mb = {}};
  things_[at->second] = std::make_shared<const SharedThing>(std::move(thing));
  return at->second;
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
  things_[number] = std::make_shared<const SharedThing>(std::move(next));
}

void SharedThings::drop(std::uint32_t number, RowIndex row) {
  auto next = *things_[number];
  if (--next.reporters == 0) {
    numbers_.erase(Key{next.site, next.source});
    things_[number].reset();
    free_.push_back(number);
    return;
  }
  if (told_by_[number] == row) next.size_mb = next.used_mb = std::nullopt;  // until another one tells it
  things_[number] = std::make_shared<const SharedThing>(std::move(next));
}

std::shared_ptr<const SharedTable> SharedThings::publish(std::uint64_t now_ms) {
  if (published_ && (!changed_ || now_ms < published_ms_ + kPublishEveryMs)) return published_;
  auto table = std::make_shared<SharedTable>();
  table->reserve(numbers_.size());
  for (const auto& thing : things_) {
    if (thing) table->push_back(thing);
  }
  published_ = std::move(table);
  published_ms_ = now_ms;
  changed_ = false;
  return published_;
}

}  // namespace capmap
