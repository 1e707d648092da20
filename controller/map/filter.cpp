#include "controller/map/filter.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace capmap {
namespace {

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

/// A test of numbers, its own read once.
class NumberTest {
 public:
  explicit NumberTest(const FilterNode& test) : compare_(test.compare) {
    for (const auto& text : test.values) {
      if (const auto value = number_in(text)) wanted_.push_back(*value);
    }
    if (wanted_.empty()) wanted_.push_back(0);
  }
  [[nodiscard]] bool holds(const std::optional<std::uint64_t>& value) const {
    if (!value) return false;
    switch (compare_) {
      case FilterNode::Compare::kEqual: return *value == wanted_[0];
      case FilterNode::Compare::kNotEqual: return *value != wanted_[0];
      case FilterNode::Compare::kLess: return *value < wanted_[0];
      case FilterNode::Compare::kLessOrEqual: return *value <= wanted_[0];
      case FilterNode::Compare::kGreater: return *value > wanted_[0];
      case FilterNode::Compare::kGreaterOrEqual: return *value >= wanted_[0];
      default: return std::ranges::find(wanted_, *value) != wanted_.end();
    }
  }

 private:
  FilterNode::Compare compare_;
  std::vector<std::uint64_t> wanted_;
};

std::size_t number_field(std::string_view field) {
  constexpr std::array<std::string_view, kHardwareNumberCount> names = {"packages",   "cores",        "pus",
                                                                        "memory_gib", "accelerators", "rdma_nics"};
  return static_cast<std::size_t>(std::ranges::find(names, field) - names.begin());
}

bool device_fulfils(const FilterNode& test, const DeviceText& device) {
  if (test.field == "model") return compare_texts(test, device.model);
  if (test.field == "vendor") return compare_texts(test, device.vendor);
  if (test.field == "kind") return compare_texts(test, device.kind);
  if (test.field == "count") return NumberTest(test).holds(device.count);
  return NumberTest(test).holds(device.memory_gib);
}

/// [hardware] answers of a test that speaks of hardware.
std::vector<std::uint8_t> judge_hardware(const FilterNode& node, const HardwareFigures& figures) {
  std::vector<std::uint8_t> holds(figures.rows);
  if (node.kind == FilterNode::Kind::kTest) {
    const auto& numbers = figures.numbers[number_field(node.field)];
    const NumberTest test(node);
    for (std::size_t i = 0; i < holds.size(); ++i) holds[i] = test.holds(numbers[i]);
    return holds;
  }
  std::vector<std::uint8_t> of_device;
  for (const auto& device : figures.devices) {
    of_device.push_back(std::ranges::all_of(node.parts, [&](const FilterNode& test) { return device_fulfils(test, device); }));
  }
  for (std::size_t i = 0; i < holds.size(); ++i) {
    for (const auto device : figures.devices_of[i]) holds[i] |= of_device[device];
  }
  return holds;
}

/// [code] answers of a test of texts, which are in order.
std::vector<std::uint8_t> judge_texts(const FilterNode& node, const std::vector<std::string>& texts, bool numeric) {
  std::vector<std::uint8_t> holds;
  if (numeric) {
    const NumberTest test(node);
    for (const auto& text : texts) holds.push_back(test.holds(number_in(text)));
    return holds;
  }
  const bool unlike = node.compare == FilterNode::Compare::kNotEqual;
  holds.assign(texts.size(), unlike ? 1 : 0);
  const bool unknown_in_front = !texts.empty() && texts[0].empty();
  for (const auto& value : node.values) {
    for (auto at = std::ranges::lower_bound(texts, value); at != texts.end(); ++at) {
      if (node.compare == FilterNode::Compare::kPrefix ? !at->starts_with(value) : *at != value) break;
      holds[static_cast<std::size_t>(at - texts.begin())] = unlike ? 0 : 1;
    }
  }
  if (unknown_in_front && !compare_texts(node, "")) holds[0] = 0;
  return holds;
}

}  // namespace

bool compare_texts(const FilterNode& test, std::string_view text) {
  if (text.empty() && (test.compare == FilterNode::Compare::kNotEqual || test.compare == FilterNode::Compare::kPrefix)) return false;
  switch (test.compare) {
    case FilterNode::Compare::kEqual: return text == test.values[0];
    case FilterNode::Compare::kNotEqual: return text != test.values[0];
    case FilterNode::Compare::kPrefix: return text.starts_with(test.values[0]);
    default: return std::ranges::find(test.values, text) != test.values.end();
  }
}

bool asks_nodes(const FilterNode& filter) {
  if (filter.kind == FilterNode::Kind::kTest) return is_node_dimension(filter.field);
  return filter.kind != FilterNode::Kind::kHasAccelerator && std::ranges::any_of(filter.parts, asks_nodes);
}

CellFilter::CellFilter(const FilterNode& filter, const Dictionaries& dictionaries) : root_(compile(filter, dictionaries)) {
  number_tests(root_);
}

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
    const auto of_code = judge_texts(node, column.texts, dimension == Dimension::kSecurityLevel);
    step.domain = domain_of(dimension);
    step.holds.resize(column.codes.size());
    for (std::size_t i = 0; i < column.codes.size(); ++i) step.holds[i] = of_code[column.codes[i]];
    if (dimension == Dimension::kComputeClass && !dictionaries.pool_classes().empty()) {
      return ask_pools(std::move(step), dictionaries.pool_classes(), of_code);
    }
    return step;
  }
  if (asks_nodes(node)) {
    step.domain = Domain::kState;
    step.holds.resize(dictionaries.column(Dimension::kLiveness).codes.size());
    return step;
  }
  step.domain = Domain::kHardware;
  step.holds = judge_hardware(node, dictionaries.figures());
  return step;
}

/// A pool that declares a class is asked for it, the site only where none does.
CellFilter::Step CellFilter::ask_pools(Step site, const std::vector<PoolClass>& pools, const std::vector<std::uint8_t>& of_code) {
  Step holds, silent;
  holds.domain = silent.domain = Domain::kPool;
  for (const auto& pool : pools) {
    holds.holds.push_back(pool.declared ? of_code[pool.code] : 0);
    silent.holds.push_back(pool.declared ? 0 : 1);
  }
  std::vector<Step> of_site, all;
  of_site.push_back(std::move(silent));
  of_site.push_back(std::move(site));
  all.push_back(std::move(holds));
  all.push_back(join(FilterNode::Kind::kAnd, std::move(of_site)));
  return join(FilterNode::Kind::kOr, std::move(all));
}

void CellFilter::number_tests(Step& step) {
  if (step.kind == FilterNode::Kind::kTest) {
    auto& tests = tests_[static_cast<std::size_t>(step.domain)];
    step.number = tests++;
    return;
  }
  for (auto& part : step.parts) number_tests(part);
}

bool CellFilter::simple() const {
  return std::ranges::all_of(tests_, [](std::size_t tests) { return tests <= kPatternBits; });
}

std::vector<std::uint8_t> CellFilter::patterns(Domain domain, std::size_t size) const {
  std::vector<std::uint8_t> found(size);
  gather(root_, domain, found);
  return found;
}

void CellFilter::gather(const Step& step, Domain domain, std::vector<std::uint8_t>& found) {
  if (step.kind == FilterNode::Kind::kTest && step.domain == domain) {
    const auto shift = static_cast<unsigned>(step.number);
    for (std::size_t i = 0; i < found.size(); ++i) found[i] = static_cast<std::uint8_t>(found[i] | step.holds[i] << shift);
  }
  for (const auto& part : step.parts) gather(part, domain, found);
}

bool CellFilter::holds(const Patterns& patterns) const {
  return holds(root_, patterns);
}

bool CellFilter::holds(const Step& step, const Patterns& patterns) {
  const auto part_holds = [&](const Step& part) { return holds(part, patterns); };
  switch (step.kind) {
    case FilterNode::Kind::kNot: return !part_holds(step.parts[0]);
    case FilterNode::Kind::kAnd: return std::ranges::all_of(step.parts, part_holds);
    case FilterNode::Kind::kOr: return std::ranges::any_of(step.parts, part_holds);
    default: return (patterns[static_cast<std::size_t>(step.domain)] >> step.number & 1U) != 0;
  }
}

bool CellFilter::keeps(const Step& step, const Indexes& indexes) {
  const auto part_keeps = [&](const Step& part) { return keeps(part, indexes); };
  switch (step.kind) {
    case FilterNode::Kind::kNot: return !part_keeps(step.parts[0]);
    case FilterNode::Kind::kAnd: return std::ranges::all_of(step.parts, part_keeps);
    case FilterNode::Kind::kOr: return std::ranges::any_of(step.parts, part_keeps);
    default: break;
  }
  const auto index = indexes[static_cast<std::size_t>(step.domain)];
  if (step.holds.empty()) return false;
  return step.holds[index < step.holds.size() ? index : 0] != 0;
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

void CellFilter::judge(const Step& step, const CellKeys& keys, std::array<std::uint8_t, kBlockCells>& keep) {
  if (step.kind == FilterNode::Kind::kTest) {
    const auto* const holds = step.holds.data();
    if (step.domain == Domain::kState) {
      for (std::size_t i = 0; i < kBlockCells; ++i) keep[i] = holds[keys.state[i]];
      return;
    }
    if (step.domain == Domain::kSite) {
      for (std::size_t i = 0; i < kBlockCells; ++i) keep[i] = holds[keys.site(i)];
      return;
    }
    const auto* const index = step.domain == Domain::kPool ? keys.pool.data() : keys.hardware.data();
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
