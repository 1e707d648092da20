#include "controller/http/node_scan.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "controller/http/map_json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/map/node_sums.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostGroups = 20'000;  ///< one group is some 1.5 KB
constexpr std::size_t kMostDigits = 32;

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

Result<std::vector<Digit>> read_digits(const std::string& group_by) {
  std::vector<Digit> digits;
  for (const auto& word : words_of(group_by)) {
    if (std::ranges::find(digits, word, &Digit::name) != digits.end() || digits.size() == kMostDigits) {
      return Error{ErrorCode::kMalformed, "group_by: each dimension once, at most " + std::to_string(kMostDigits)};
    }
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

/// A scan on its way through the chunks of the node table.
struct Scan {
  ScanSlots::Slot slot;
  std::shared_ptr<const MapView> view;  ///< of its beginning: texts of sites and hardware
  std::shared_ptr<const Dictionaries> dictionaries;
  std::uint64_t now_boot_ms = 0;
  Json head;
  std::vector<Digit> digits;
  Measures measures;
  std::size_t first = 0, limit = 0, chunk = 0;
  std::shared_ptr<NodeSelection> selection = std::make_shared<NodeSelection>();
  std::map<std::vector<std::string>, NodeSums> groups;
  NodeSums total;
  std::optional<PageForm> form{};
  std::span<const PageColumn> columns{};
};

Outcome ask_for_chunk(const std::shared_ptr<Scan>& scan);

std::vector<std::string> key_of(const Scan& scan, const NodeRow& row) {
  std::vector<std::string> key;
  const auto indexes = indexes_of(row);
  for (const auto& digit : scan.digits) {
    if (!digit.of_cells) {
      key.emplace_back(node_text(row, digit.name));
      continue;
    }
    const auto& column = scan.dictionaries->column(*digit.of_cells);
    const auto& classes = scan.dictionaries->pool_classes();
    if (*digit.of_cells == Dimension::kComputeClass && row.pool < classes.size() && classes[row.pool].declared) {
      key.push_back(column.texts[classes[row.pool].code]);
      continue;
    }
    const auto index = indexes[static_cast<std::size_t>(domain_of(*digit.of_cells))];
    key.push_back(index < column.codes.size() ? column.texts[column.codes[index]] : "");  // newer than the scan's view
  }
  return key;
}

void add_rows(Scan& scan, const std::vector<NodeRow>& rows) {
  for (const auto& row : rows) {
    const auto service = row.counted_service;
    if (!row.counted || !counts_as_installed(service)) continue;
    scan.groups[key_of(scan, row)].add(row, scan.dictionaries->figures());
    scan.total.add(row, scan.dictionaries->figures());
  }
}

Json sums_json(const Scan& scan, const NodeSums& sums, Json key) {
  Json json = group_json(sums.group(scan.dictionaries->figures(), scan.now_boot_ms), std::move(key), scan.measures);
  if (json.contains("storage")) {
    json["storage"]["shared"] = {{"file_systems", nullptr}, {"why", "what is shared belongs to no node, and this is a sum of nodes"}};
  }
  if (scan.head.contains("declared_why")) json["declared"] = nullptr;
  return json;
}

HttpResponse finish(Scan& scan) {
  Json groups = Json::array();
  std::size_t number = 0;
  for (const auto& [key, sums] : scan.groups) {
    const auto at = number++;
    if (at < scan.first || at >= scan.first + scan.limit) continue;
    Json words = Json::object();
    for (std::size_t i = 0; i < scan.digits.size(); ++i) words[scan.digits[i].name] = text_or_null(key[i]);
    groups.push_back(sums_json(scan, sums, std::move(words)));
  }
  Json by = Json::array();
  for (const auto& digit : scan.digits) by.push_back(digit.name);
  const auto last = std::min(scan.groups.size(), scan.first + scan.limit);
  Json total = sums_json(scan, scan.total, Json::object());
  Json answer = std::move(scan.head);
  answer["answered_from"] = "node_scan";
  answer["nodes_looked_at"] = scan.selection->looked_at;
  answer["by"] = std::move(by);
  answer["groups"] = std::move(groups);
  answer["group_count"] = scan.groups.size();
  answer["next"] = last < scan.groups.size() ? Json(std::to_string(last)) : Json(nullptr);
  answer["total"] = std::move(total);
  return scan.form ? scan.form->response(answer, "groups", scan.columns) : json_response(answer);
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
  return Ask{.question = NodeQuery{.ticket = 0, .id = std::nullopt, .chunk = scan->chunk, .selection = scan->selection},
             .then = [scan](const Answer& answer) { return take_chunk(scan, answer); }};
}

}  // namespace

HttpResponse unknown_dimension(const Error& error) {
  std::vector<std::string> known(kDimensionNames.begin(), kDimensionNames.end());
  known.insert(known.end(), kNodeDimensionNames.begin(), kNodeDimensionNames.end());
  known.emplace_back("label.KEY");
  return problem_response({.status = 400, .word = "unknown-dimension", .detail = error.what, .known = std::move(known)});
}

bool wants_node_scan(const std::string& group_by) {
  return std::ranges::any_of(words_of(group_by), is_node_dimension);
}

Outcome scan_nodes(const Call& call, Json head, const ScanQuestion& question) {
  auto digits = read_digits(question.group_by);
  if (!digits) return unknown_dimension(digits.error());
  auto scan = std::make_shared<Scan>();
  scan->slot = call.scans.take();
  if (!scan->slot) {
    return problem_response({.status = 503,
                             .word = "too-many-scans",
                             .detail = std::to_string(ScanSlots::kMost) +
                                       " questions that look at every node go on already: ask again, or by what cells know"});
  }
  scan->view = call.view;
  scan->now_boot_ms = call.now_boot_ms;
  scan->head = std::move(head);
  scan->digits = std::move(*digits);
  scan->measures = question.measures;
  scan->columns = question.columns;
  if (!question.columns.empty()) scan->form.emplace(call);
  scan->dictionaries = dictionaries_of(*call.view);
  if (question.filter) scan->selection->filter.emplace(*question.filter, *scan->dictionaries);
  scan->first = question.first;
  scan->limit = question.limit;
  return ask_for_chunk(scan);
}

}  // namespace capmap
