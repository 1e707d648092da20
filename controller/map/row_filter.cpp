#include "controller/map/row_filter.hpp"

#include <algorithm>
#include <utility>

namespace capmap {

std::string_view node_text(const NodeRow& row, std::string_view dimension) {
  if (dimension.starts_with(kLabelPrefix)) {
    const auto label = std::ranges::find(row.labels, dimension.substr(kLabelPrefix.size()), &Label::key);
    return label == row.labels.end() ? std::string_view() : std::string_view(label->value);
  }
  const std::array<const std::string*, kNodeDimensionNames.size()> texts = {&row.hostname, &row.os, &row.kernel, &row.agent_version,
                                                                            &row.virtualization};
  const auto at = std::ranges::find(kNodeDimensionNames, dimension);
  return at == kNodeDimensionNames.end() ? std::string_view() : *texts[static_cast<std::size_t>(at - kNodeDimensionNames.begin())];
}

CellFilter::Indexes indexes_of(const CellKey& key) {
  return {key.site, key.pool, key.hardware, state_code(key.liveness, key.service, key.verdict)};
}

CellFilter::Indexes indexes_of(const NodeRow& row) {
  return {row.site, row.pool, row.hardware, state_code(row.liveness, row.counted_service, row.verdict)};
}

RowFilter::RowFilter(const FilterNode& filter, const Dictionaries& dictionaries) : root_(compile(filter, dictionaries)) {}

RowFilter::Part RowFilter::compile(const FilterNode& node, const Dictionaries& dictionaries) {
  Part part;
  part.kind = node.kind;
  if (!asks_nodes(node)) {
    part.cells.emplace(node, dictionaries);
  } else if (node.kind == FilterNode::Kind::kTest) {
    part.test = node;
  } else {
    for (const auto& inner : node.parts) part.parts.push_back(compile(inner, dictionaries));
  }
  return part;
}

Holds RowFilter::judge(const Part& part, const CellFilter::Indexes& indexes, const NodeRow* row) {
  if (part.cells) return part.cells->keeps(indexes) ? Holds::kYes : Holds::kNo;
  if (part.kind == FilterNode::Kind::kTest) {
    if (row == nullptr) return Holds::kAsk;
    return compare_texts(part.test, node_text(*row, part.test.field)) ? Holds::kYes : Holds::kNo;
  }
  if (part.kind == FilterNode::Kind::kNot) {
    const auto inner = judge(part.parts[0], indexes, row);
    return inner == Holds::kAsk ? inner : inner == Holds::kYes ? Holds::kNo : Holds::kYes;
  }
  const auto decides = part.kind == FilterNode::Kind::kAnd ? Holds::kNo : Holds::kYes;
  auto all = decides == Holds::kNo ? Holds::kYes : Holds::kNo;
  for (const auto& inner : part.parts) {
    const auto holds = judge(inner, indexes, row);
    if (holds == decides) return decides;
    if (holds == Holds::kAsk) all = Holds::kAsk;
  }
  return all;
}

}  // namespace capmap
