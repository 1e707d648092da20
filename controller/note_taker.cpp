#include "controller/note_taker.hpp"

#include <utility>
#include <variant>

namespace capmap {
namespace {

constexpr std::uint64_t kTakeEveryMs = 1'000;
constexpr std::size_t kTakeAtOnce = 4'096;

}  // namespace

NodeNote* NoteTaker::note_of(const NodeId& node, std::uint64_t now_unix_ms) {
  auto at = waiting_.find(node);
  if (at == waiting_.end()) {
    if (waiting_.size() >= kMaxWaiting) {
      ++dropped_;
      return nullptr;
    }
    at = waiting_.emplace(node, NodeNote{.node = node, .seen_unix_ms = 0, .shape = {}, .bytes = {}, .machine = {}}).first;
  }
  at->second.seen_unix_ms = now_unix_ms;
  return &at->second;
}

void NoteTaker::look_at(const ReportBatch& batch, std::uint64_t now_unix_ms, const ShapeOf& shape_of, const MachineOf& machine_of) {
  const std::uint64_t slot = now_unix_ms / kSlotMs;
  if (slot != slot_) {
    slot_ = slot;
    seen_in_slot_.clear();
  }
  for (const auto& report : batch.reports) {
    if (const auto* hello = std::get_if<Hello>(&report.message)) {
      if (NodeNote* note = note_of(report.node, now_unix_ms)) {
        if (note->shape != hello->shape_id) note->bytes.reset();
        note->shape = hello->shape_id;
        if (machine_of) note->machine = machine_of(report.node);
      }
    } else if (const auto* shape = std::get_if<ShapeMessage>(&report.message)) {
      const auto bound = shape_of(report.node);
      NodeNote* note = bound ? note_of(report.node, now_unix_ms) : nullptr;
      if (note == nullptr) continue;
      note->shape = bound;
      note->bytes = shape->shape;
      note->bytes->id = *bound;
    } else if (IdHash{}(report.node) % kSlots == slot % kSlots && seen_in_slot_.insert(report.node).second) {
      note_of(report.node, now_unix_ms);
    }
  }
}

std::vector<NodeNote> NoteTaker::take(std::uint64_t now_boot_ms) {
  std::vector<NodeNote> notes;
  if (waiting_.empty() || (now_boot_ms < taken_at_ms_ + kTakeEveryMs && waiting_.size() < kTakeAtOnce)) return notes;
  taken_at_ms_ = now_boot_ms;
  for (auto at = waiting_.begin(); at != waiting_.end() && notes.size() < kTakeAtOnce; at = waiting_.erase(at)) {
    notes.push_back(std::move(at->second));
  }
  return notes;
}

void NoteTaker::put_back(std::vector<NodeNote> notes) {
  for (auto& note : notes) {
    const auto node = note.node;
    waiting_.try_emplace(node, std::move(note));
  }
}

}  // namespace capmap
