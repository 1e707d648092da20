#include "controller/map/filter.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace capmap {
namespace {

constexpr unsigned kGibShift = 30;

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

bool compare_numbers(const FilterNode& test, const std::optional<std::uint64_t>& value) {
  if (!value) return false;
  const auto wanted = number_in(test.values[0]).value_or(0);
  switch (test.compare) {
    case FilterNode::Compare::kEqual: return *value == wanted;
    case FilterNode::Compare::kNotEqual: return *value != wanted;
    case FilterNode::Compare::kLess: return *value < wanted;
    case FilterNode::Compare::kLessOrEqual: return *value <= wanted;
    case FilterNode::Compare::kGreater: return *value > wanted;
    case FilterNode::Compare::kGreaterOrEqual: return *value >= wanted;
    default: return std::ranges::any_of(test.values, [&](const auto& text) { return number_in(text) == value; });
  }
}

bool compare_texts(const FilterNode& test, std::string_view text) {
  switch (test.compare) {
    case FilterNode::Compare::kEqual: return text == test.values[0];
    case FilterNode::Compare::kNotEqual: return text != test.values[0];
    case FilterNode::Compare::kPrefix: return text.starts_with(test.values[0]);
    default: return std::ranges::find(test.values, text) != test.values.end();
  }
}

std::optional<std::uint64_t> hardware_number(std::string_view field, const HardwareRow* row) {
  if (row == nullptr) return std::nullopt;
  const auto& shape = row->shape;
  if (field == "packages") return shape.cpu.packages;
  if (field == "cores") return shape.cpu.cores;
  if (field == "pus") return shape.cpu.pus;
  if (field == "memory_gib") return shape.memory_bytes ? std::optional(*shape.memory_bytes >> kGibShift) : std::nullopt;
  std::uint64_t devices = 0;
  for (const auto& device : shape.accelerators) devices += device.count;
  return devices;
}

std::string vendor_text(std::uint16_t id) {
  constexpr const char* digits = "0123456789abcdef";
  std::string text;
  for (int shift = 12; shift >= 0; shift -= 4) text += digits[(id >> shift) & 0xF];
  return text;
}

bool device_fulfils(const FilterNode& test, const HardwareRow& row, std::size_t device_index) {
  constexpr std::array<const char*, 5> kinds = {"", "gpu", "npu", "fpga", "other"};
  const auto& device = row.shape.accelerators[device_index];
  if (test.field == "model") return compare_texts(test, row.accelerator_names[device_index]);
  if (test.field == "vendor") return compare_texts(test, vendor_text(device.vendor_id));
  if (test.field == "kind") return compare_texts(test, kinds[static_cast<std::size_t>(device.kind)]);
  if (test.field == "count") return compare_numbers(test, device.count);
  return compare_numbers(test, device.memory_bytes ? std::optional(*device.memory_bytes >> kGibShift) : std::nullopt);
}

bool has_accelerator(const FilterNode& node, const HardwareRow* row) {
  if (row == nullptr) return false;
  for (std::size_t i = 0; i < row->shape.accelerators.size(); ++i) {
    if (std::ranges::all_of(node.parts, [&](const FilterNode& test) { return device_fulfils(test, *row, i); })) return true;
  }
  return false;
}

const std::uint32_t* indexes(const CellKeys& keys, Domain domain) {
  return domain == Domain::kSite ? keys.site.data() : domain == Domain::kPool ? keys.pool.data() : keys.hardware.data();
}

}  // namespace

CellFilter::CellFilter(const FilterNode& filter, const Dictionaries& dictionaries) : root_(compile(filter, dictionaries)) {}

CellFilter::Step CellFilter::compile(const FilterNode& node, const Dictionaries& dictionaries) {
  Step step;
  if (node.kind == FilterNode::Kind::kAnd || node.kind == FilterNode::Kind::kOr || node.kind == FilterNode::Kind::kNot) {
    std::vector<Step> parts;
    for (const auto& part : node.parts) parts.push_back(compile(part, dictionaries));
    return join(node.kind, std::move(parts));
  }
  const auto named = std::ranges::find(kDimensionNames, node.field);
  if (node.kind == FilterNode::Kind::kTest && named != kDimensionNames.end()) {
    const auto dimension = static_cast<Dimension>(named - kDimensionNames.begin());
    const auto& column = dictionaries.column(dimension);
    const bool numeric = dimension == Dimension::kSecurityLevel;
    std::vector<std::uint8_t> of_code;
    for (const auto& text : column.texts) of_code.push_back(numeric ? compare_numbers(node, number_in(text)) : compare_texts(node, text));
    step.domain = domain_of(dimension);
    step.holds.reserve(column.codes.size());
    for (const auto code : column.codes) step.holds.push_back(of_code[code]);
    return step;
  }
  step.domain = Domain::kHardware;
  step.holds.resize(dictionaries.size(Domain::kHardware));
  for (std::size_t i = 0; i < step.holds.size(); ++i) {
    const auto* const row = i < dictionaries.hardware().size() ? dictionaries.hardware()[i].get() : nullptr;
    step.holds[i] = node.kind == FilterNode::Kind::kHasAccelerator ? has_accelerator(node, row)
                                                                   : compare_numbers(node, hardware_number(node.field, row));
  }
  return step;
}

/// Parts that are tables of one domain become one table, so that a cell costs a look-up a domain.
CellFilter::Step CellFilter::join(FilterNode::Kind kind, std::vector<Step> parts) {
  if (kind == FilterNode::Kind::kNot && parts[0].kind == FilterNode::Kind::kTest) {
    for (auto& holds : parts[0].holds) holds ^= 1U;
    return std::move(parts[0]);
  }
  Step step;
  step.kind = kind;
  for (auto& part : parts) {
    const auto same = std::ranges::find_if(step.parts, [&](const Step& other) {
      return other.kind == FilterNode::Kind::kTest && part.kind == FilterNode::Kind::kTest && other.domain == part.domain;
    });
    if (same == step.parts.end()) {
      step.parts.push_back(std::move(part));
      continue;
    }
    for (std::size_t i = 0; i < part.holds.size(); ++i) {
      same->holds[i] = kind == FilterNode::Kind::kAnd ? same->holds[i] & part.holds[i] : same->holds[i] | part.holds[i];
    }
  }
  if (step.parts.size() > 1 || kind == FilterNode::Kind::kNot) return step;
  Step only = std::move(step.parts[0]);
  return only;
}

void CellFilter::judge(const CellKeys& keys, std::array<std::uint8_t, kBlockCells>& keep) const {
  judge(root_, keys, keep);
}

std::vector<std::uint8_t> CellFilter::kept(const CellColumns& cells) const {
  std::vector<std::uint8_t> kept;
  kept.reserve(cells.block_count() * kBlockCells);
  std::array<std::uint8_t, kBlockCells> keep{};
  for (std::size_t block = 0; block < cells.block_count(); ++block) {
    judge(cells.keys(block), keep);
    for (std::size_t i = 0; i < kBlockCells; ++i) kept.push_back(cells.keys(block).state[i] == kFreeSlot ? 0 : keep[i]);
  }
  return kept;
}

void CellFilter::judge(const Step& step, const CellKeys& keys, std::array<std::uint8_t, kBlockCells>& keep) {
  if (step.kind == FilterNode::Kind::kTest) {
    const auto* const holds = step.holds.data();
    if (step.domain == Domain::kState) {
      for (std::size_t i = 0; i < kBlockCells; ++i) keep[i] = holds[keys.state[i]];
      return;
    }
    const auto* const index = indexes(keys, step.domain);
    for (std::size_t i = 0; i < kBlockCells; ++i) keep[i] = holds[index[i]];
    return;
  }
  judge(step.parts[0], keys, keep);
  if (step.kind == FilterNode::Kind::kNot) {
    for (auto& cell : keep) cell ^= 1U;
    return;
  }
  std::array<std::uint8_t, kBlockCells> next;
  for (std::size_t part = 1; part < step.parts.size(); ++part) {
    judge(step.parts[part], keys, next);
    for (std::size_t i = 0; i < kBlockCells; ++i) keep[i] = step.kind == FilterNode::Kind::kAnd ? keep[i] & next[i] : keep[i] | next[i];
  }
}

}  // namespace capmap
