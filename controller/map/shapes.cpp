#include "controller/map/shapes.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <string>
#include <utility>

#include "common/check.hpp"
#include "controller/map/exclusion.hpp"
#include "controller/map/physics.hpp"

namespace capmap {
namespace {

/// Equal shapes hash equal; the few fields that differ between real servers are enough to keep chains short.
std::uint64_t hash_of(const Shape& shape) {
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  const auto mix = [&hash](std::uint64_t value) { hash = (hash ^ value) * 1'099'511'628'211U; };
  mix(std::hash<std::string>{}(shape.cpu.identity));
  mix(std::hash<std::string>{}(shape.cpu.model));
  mix(shape.cpu.cores.value_or(0));
  mix(shape.cpu.pus.value_or(0));
  mix(shape.memory_bytes.value_or(0));
  for (const auto& device : shape.accelerators) mix((std::uint64_t{device.device_id} << 32) | device.count);
  for (const auto& nic : shape.nics) mix((std::uint64_t{nic.device_id} << 32) | nic.count);
  for (const auto& disk : shape.disks) mix(disk.bytes.value_or(0) + disk.count);
  return hash;
}

}  // namespace

HardwareFacts facts_of(const Shape& shape) {
  HardwareFacts facts{
      .pus = shape.cpu.pus, .memory_bytes = shape.memory_bytes, .disks_bytes = {}, .accelerators = 0, .accelerator_bytes = {}};
  facts.watts = most_watts(shape);
  std::uint64_t devices = 0;
  for (const auto& device : shape.accelerators) devices += device.count;
  if (std::all_of(shape.accelerators.begin(), shape.accelerators.end(), [](const auto& device) { return device.memory_bytes; })) {
    for (const auto& device : shape.accelerators) facts.accelerator_bytes = std::max(facts.accelerator_bytes, device.memory_bytes);
  }
  facts.accelerators = static_cast<std::uint32_t>(std::min<std::uint64_t>(devices, std::numeric_limits<std::uint16_t>::max()));
  std::uint64_t bytes = 0;
  for (const auto& disk : shape.disks) {
    std::uint64_t row_bytes = 0;
    if (!disk.bytes || __builtin_mul_overflow(*disk.bytes, disk.count, &row_bytes) || __builtin_add_overflow(bytes, row_bytes, &bytes)) {
      return facts;
    }
  }
  if (bytes > 0) facts.disks_bytes = bytes;
  return facts;
}

ShapeTable::ShapeTable(std::shared_ptr<const ChipTable> chips)
    : chips_(std::move(chips)), shapes_(1), rows_(1), facts_(1), shapes_on_row_(1, 0) {}

std::optional<ShapeIndex> ShapeTable::find(const ShapeId& id) const {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  return found->second;
}

ShapeIndex ShapeTable::intern(const ShapeId& id, Shape shape, std::uint64_t now_ms) {
  check(!by_id_.contains(id), "a shape was interned twice");
  ShapeIndex index = 0;
  if (free_shapes_.empty()) {
    index = static_cast<ShapeIndex>(shapes_.size());
    shapes_.emplace_back();
  } else {
    index = free_shapes_.back();
    free_shapes_.pop_back();
  }
  const auto hardware = row_of(std::move(shape));
  ++shapes_on_row_[hardware];
  shapes_[index] = {.id = id, .prefix = shape_prefix(id), .hardware = hardware};
  by_id_.emplace(id, index);
  ++shapes_by_prefix_[shapes_[index].prefix];
  watch_unused(index, now_ms);
  return index;
}

std::uint32_t ShapeTable::row_of(Shape shape) {
  const auto hash = hash_of(shape);
  const auto [first, last] = rows_by_hash_.equal_range(hash);
  for (auto at = first; at != last; ++at) {
    if (rows_[at->second]->shape == shape) return at->second;
  }
  std::uint32_t index = 0;
  if (free_rows_.empty()) {
    if (rows_.size() > kMostRows) return kNoHardware;
    index = static_cast<std::uint32_t>(rows_.size());
    rows_.emplace_back();
    facts_.emplace_back();
    shapes_on_row_.push_back(0);
  } else {
    index = free_rows_.back();
    free_rows_.pop_back();
  }
  ++version_;
  facts_[index] = facts_of(shape);
  rows_[index] = std::make_shared<const HardwareRow>(describe_hardware(std::move(shape), chips_.get()));
  facts_[index].absurd = absurd_hardware(rows_[index]->shape, rows_[index]->peak);
  rows_by_hash_.emplace(hash, index);
  return index;
}

std::vector<bool> ShapeTable::rate_anew(std::shared_ptr<const ChipTable> chips, const RatedHardware& ready) {
  chips_ = std::move(chips);
  ++version_;
  std::vector<bool> judged_anew(rows_.size());
  for (std::size_t i = 1; i < rows_.size(); ++i) {
    if (shapes_on_row_[i] == 0) continue;  // nobody's: made anew for whoever takes its place
    const auto& was = *rows_[i];
    const auto found = ready.find(was.id);
    auto now = found != ready.end() && found->second->shape == was.shape
                   ? found->second
                   : std::make_shared<const HardwareRow>(describe_hardware(was.shape, chips_.get()));
    auto absurd = absurd_hardware(now->shape, now->peak);
    judged_anew[i] = now->findings != was.findings || now->peak.cpu != was.peak.cpu || absurd != facts_[i].absurd;
    facts_[i].absurd = std::move(absurd);
    rows_[i] = std::move(now);
  }
  return judged_anew;
}

void ShapeTable::bind(ShapeIndex shape) {
  if (shape != 0) ++shapes_[shape].nodes;
}

void ShapeTable::unbind(ShapeIndex shape, std::uint64_t now_ms) {
  if (shape == 0) return;
  check(shapes_[shape].nodes > 0, "a shape lost more nodes than it had");
  if (--shapes_[shape].nodes == 0) watch_unused(shape, now_ms);
}

void ShapeTable::watch_unused(ShapeIndex shape, std::uint64_t since_ms) {
  auto& entry = shapes_[shape];
  entry.unused_since_ms = since_ms;
  if (entry.waits_in_unused) return;
  entry.waits_in_unused = true;
  unused_.push_back({.due_ms = since_ms + kForgetAfterMs, .shape = shape});
}

void ShapeTable::forget_unused(std::uint64_t now_ms) {
  for (std::size_t left = unused_.size(); left > 0 && unused_.front().due_ms <= now_ms; --left) {
    const auto shape = unused_.front().shape;
    unused_.pop_front();
    auto& entry = shapes_[shape];
    entry.waits_in_unused = false;
    if (entry.nodes > 0) continue;
    if (now_ms >= entry.unused_since_ms + kForgetAfterMs) {
      forget(shape);
    } else {
      watch_unused(shape, entry.unused_since_ms);
    }
  }
}

void ShapeTable::forget(ShapeIndex shape) {
  auto& entry = shapes_[shape];
  if (--shapes_by_prefix_[entry.prefix] == 0) shapes_by_prefix_.erase(entry.prefix);
  by_id_.erase(entry.id);
  if (--shapes_on_row_[entry.hardware] == 0 && entry.hardware != kNoHardware) {
    const auto [first, last] = rows_by_hash_.equal_range(hash_of(rows_[entry.hardware]->shape));
    for (auto at = first; at != last; ++at) {
      if (at->second != entry.hardware) continue;
      rows_by_hash_.erase(at);
      break;
    }
    free_rows_.push_back(entry.hardware);
  }
  entry = {};
  free_shapes_.push_back(shape);
}

bool ShapeTable::prefix_shared(ShapeIndex shape) const {
  if (shapes_by_prefix_.size() == by_id_.size()) return false;  // the usual case, without a look-up
  const auto found = shapes_by_prefix_.find(shapes_[shape].prefix);
  return found != shapes_by_prefix_.end() && found->second > 1;
}

}  // namespace capmap
