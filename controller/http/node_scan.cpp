#include "controller/http/node_scan.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "controller/http/map_json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostGroups = 20'000;  ///< one group is some 1.5 KB

/// A dimension of cells, or one of kNodeDimensionNames.
struct Digit {
  std::string name;
  std::optional<Dimension> of_cells;
};

std::vector<std::string> words_of(const std::string& list) {
  std::vector<std::string> words;
  std::istringstream in(list);
  for (std::string word; std::getline(in, word, ',');) words.push_back(word);
  return words;
}

bool is_node_dimension(const std::string& word) {
  return std::ranges::find(kNodeDimensionNames, word) != kNodeDimensionNames.end();
}

Result<std::vector<Digit>> read_digits(const std::string& group_by) {
  std::vector<Digit> digits;
  for (const auto& word : words_of(group_by)) {
    if (is_node_dimension(word)) {
      digits.push_back({.name = word, .of_cells = std::nullopt});
      continue;
    }
    const auto one = parse_dimensions(word);
    if (!one) return one.error();
    for (const auto dimension : *one) {
      digits.push_back({.name = kDimensionNames[static_cast<std::size_t>(dimension)], .of_cells = dimension});
    }
  }
  return digits;
}

const std::string& text_of(const NodeRow& row, const std::string& name) {
  if (name == "hostname") return row.hostname;
  if (name == "os") return row.os;
  if (name == "kernel") return row.kernel;
  return name == "agent_version" ? row.agent_version : row.virtualization;
}

std::uint8_t state_of(const NodeRow& row) {
  return state_code(row.liveness, row.counted_service, row.verdict);
}

/// What a scan sums; the figures that a group of cells has, by the same rules.
constexpr std::array kScanMeasures = {Measure::kNodes,     Measure::kCpu,          Measure::kCpuUse,         Measure::kMemory,
                                      Measure::kMemoryUse, Measure::kAccelerators, Measure::kAcceleratorUse, Measure::kAcceleratorModels};

void add_amount(Amount& amount, const std::optional<std::uint64_t>& value) {
  amount.value += value.value_or(0);
  amount.unknown += value ? 0 : 1;
}

/// Free where it is known how much there is and how much is taken.
std::optional<std::uint64_t> left_of(const std::optional<std::uint64_t>& all, const std::optional<std::uint32_t>& taken) {
  if (!all || !taken) return std::nullopt;
  return *all - std::min<std::uint64_t>(*all, *taken);
}

void add_accelerators(RollupGroup& group, const NodeRow& row, std::uint64_t installed) {
  std::uint64_t used = 0, free = 0, unhealthy = 0;
  for (const auto& device : row.usage.accelerators) {
    if (device.healthy == false) {
      ++unhealthy;
    } else if (device.used) {
      ++(*device.used ? used : free);
    }
  }
  group.accelerators_used += used;
  group.accelerators_free += free;
  group.accelerators_unhealthy += unhealthy;
  group.accelerators_use_unknown += installed - std::min(installed, used + free + unhealthy);
  group.largest_free_accelerators = std::max(group.largest_free_accelerators, static_cast<std::uint32_t>(free));
}

/// Use and what is free: of available nodes only.
void add_use(RollupGroup& group, const NodeRow& row, const Shape* shape, std::uint64_t accelerators) {
  constexpr std::uint64_t kMillicores = 1'000, kMib = 1'048'576, kMibPerGib = 1'024;
  const auto& readings = row.usage.readings;
  const auto pus = row.pus_allowed ? row.pus_allowed : shape != nullptr ? shape->cpu.pus : std::nullopt;
  const auto cpu_free = left_of(pus ? std::optional(*pus * kMillicores) : std::nullopt, readings.cpu_busy_millicores);
  const auto memory_free =
      left_of(row.memory_total_bytes ? std::optional(*row.memory_total_bytes / kMib) : std::nullopt, readings.memory_used_mib);
  add_amount(group.cpu_busy_millicores, readings.cpu_busy_millicores);
  add_amount(group.memory_used_mib, readings.memory_used_mib);
  add_amount(group.cpu_free_millicores, cpu_free);
  add_amount(group.memory_free_mib, memory_free);
  const auto floor = [](std::uint64_t value) { return static_cast<std::uint32_t>(std::bit_floor(value)); };
  group.largest_free_cores = std::max(group.largest_free_cores, floor(cpu_free.value_or(0) / kMillicores));
  group.largest_free_memory_gib = std::max(group.largest_free_memory_gib, floor(memory_free.value_or(0) / kMibPerGib));
  add_accelerators(group, row, accelerators);
}

void add_node(RollupGroup& group, const NodeRow& row, const HardwareRow* hardware) {
  ++group.installed_nodes;
  const bool fresh = row.liveness == Liveness::kFresh;
  const bool available = fresh && row.counted_service == ServiceState::kInService;
  group.healthy_nodes += fresh || row.liveness == Liveness::kStale ? 1 : 0;
  group.available_nodes += available ? 1 : 0;
  ++group.nodes_by_liveness[static_cast<std::size_t>(row.liveness)];
  std::uint64_t accelerators = 0;
  if (hardware == nullptr) {
    ++group.hardware_unknown_nodes;
  } else {
    const auto& shape = hardware->shape;
    group.packages += shape.cpu.packages.value_or(0);
    group.cores += shape.cpu.cores.value_or(0);
    group.pus += shape.cpu.pus.value_or(0);
    add_amount(group.memory_bytes, shape.memory_bytes);
    for (std::size_t i = 0; i < shape.accelerators.size(); ++i) {
      accelerators += shape.accelerators[i].count;
      group.accelerators_by_model[hardware->accelerator_names[i]] += shape.accelerators[i].count;
    }
    group.accelerators += accelerators;
  }
  if (available) add_use(group, row, hardware == nullptr ? nullptr : &hardware->shape, accelerators);
}

/// A scan on its way through the chunks of the node table.
struct Scan {
  std::shared_ptr<const MapView> view;  ///< of its beginning: texts of sites and hardware
  std::shared_ptr<const Dictionaries> dictionaries;
  Json head;
  std::vector<Digit> digits;
  std::optional<CellFilter> filter;
  std::size_t first = 0, limit = 0, chunk = 0;
  std::uint64_t looked_at = 0;
  std::map<std::vector<std::string>, RollupGroup> groups;
  RollupGroup total;
};

Outcome ask_for_chunk(const std::shared_ptr<Scan>& scan);

std::vector<std::string> key_of(const Scan& scan, const NodeRow& row) {
  std::vector<std::string> key;
  for (const auto& digit : scan.digits) {
    if (!digit.of_cells) {
      key.push_back(text_of(row, digit.name));
      continue;
    }
    const auto& column = scan.dictionaries->column(*digit.of_cells);
    const auto& classes = scan.dictionaries->pool_classes();
    if (*digit.of_cells == Dimension::kComputeClass && row.pool < classes.size() && classes[row.pool].declared) {
      key.push_back(column.texts[classes[row.pool].code]);
      continue;
    }
    const std::array<std::size_t, kDomainCount> indexes = {row.site, row.pool, row.hardware, state_of(row)};
    const auto index = indexes[static_cast<std::size_t>(domain_of(*digit.of_cells))];
    key.push_back(index < column.codes.size() ? column.texts[column.codes[index]] : "");  // newer than the scan's view
  }
  return key;
}

void add_rows(Scan& scan, const std::vector<NodeRow>& rows) {
  for (const auto& row : rows) {
    if (!row.counted) continue;
    ++scan.looked_at;
    const auto service = row.counted_service;
    if ((scan.filter && !keeps_row(*scan.filter, row)) || service == ServiceState::kRetired || service == ServiceState::kQuarantined)
      continue;
    const auto& hardware = scan.view->hardware;
    const auto* const shape = row.hardware < hardware.size() ? hardware[row.hardware].get() : nullptr;
    add_node(scan.groups[key_of(scan, row)], row, shape);
    add_node(scan.total, row, shape);
  }
}

HttpResponse finish(Scan& scan) {
  Json groups = Json::array();
  Measures measures;
  for (const auto measure : kScanMeasures) measures.set(static_cast<std::size_t>(measure));
  std::size_t number = 0;
  for (const auto& [key, group] : scan.groups) {
    const auto at = number++;
    if (at < scan.first || at >= scan.first + scan.limit) continue;
    Json words = Json::object();
    for (std::size_t i = 0; i < scan.digits.size(); ++i) words[scan.digits[i].name] = text_or_null(key[i]);
    groups.push_back(group_json(group, std::move(words), measures));
  }
  Json by = Json::array();
  for (const auto& digit : scan.digits) by.push_back(digit.name);
  const auto last = std::min(scan.groups.size(), scan.first + scan.limit);
  Json answer = std::move(scan.head);
  answer["answered_from"] = "node_scan";
  answer["nodes_looked_at"] = scan.looked_at;
  answer["by"] = std::move(by);
  answer["groups"] = std::move(groups);
  answer["group_count"] = scan.groups.size();
  answer["next"] = last < scan.groups.size() ? Json(std::to_string(last)) : Json(nullptr);
  answer["total"] = group_json(scan.total, Json::object(), measures);
  return json_response(answer);
}

Outcome take_chunk(const std::shared_ptr<Scan>& scan, const Answer& answer) {
  if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
  const auto& found = std::get<NodeAnswer>(answer);
  add_rows(*scan, found.rows);
  if (scan->groups.size() > kMostGroups) {
    return problem_response({.status = 422,
                             .word = "too-many-groups",
                             .detail = "group_by: more than " + std::to_string(kMostGroups) + " groups; ask with a filter, or by less"});
  }
  return ++scan->chunk < found.chunk_count ? ask_for_chunk(scan) : Outcome(finish(*scan));
}

Outcome ask_for_chunk(const std::shared_ptr<Scan>& scan) {
  return Ask{.question = NodeQuery{.ticket = 0, .id = std::nullopt, .chunk = scan->chunk},
             .then = [scan](const Answer& answer) { return take_chunk(scan, answer); }};
}

}  // namespace

HttpResponse unknown_dimension(const Error& error) {
  std::vector<std::string> known(kDimensionNames.begin(), kDimensionNames.end());
  known.insert(known.end(), kNodeDimensionNames.begin(), kNodeDimensionNames.end());
  return problem_response({.status = 400, .word = "unknown-dimension", .detail = error.what, .known = std::move(known)});
}

bool wants_node_scan(const std::string& group_by) {
  return std::ranges::any_of(words_of(group_by), is_node_dimension);
}

bool keeps_row(const CellFilter& filter, const NodeRow& row) {
  return filter.keeps({row.site, row.pool, row.hardware, state_of(row)});
}

Outcome scan_nodes(const Call& call, Json head, const std::string& group_by, const std::optional<FilterNode>& filter, std::size_t first,
                   std::size_t limit) {
  auto digits = read_digits(group_by);
  if (!digits) return unknown_dimension(digits.error());
  auto scan = std::make_shared<Scan>();
  scan->view = call.view;
  scan->head = std::move(head);
  scan->digits = std::move(*digits);
  scan->dictionaries = dictionaries_of(*call.view);
  if (filter) scan->filter.emplace(*filter, *scan->dictionaries);
  scan->first = first;
  scan->limit = limit;
  return ask_for_chunk(scan);
}

}  // namespace capmap
