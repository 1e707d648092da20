#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/http_client.hpp"
#include "controller/ctl/map_figures.hpp"
#include "controller/ctl/pages.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;
using Cells = std::vector<std::string>;

constexpr std::size_t kMaxPages = 1'000, kPageRows = 1'000;
constexpr std::size_t kBarWidth = 6;

/// A resource whose use is told, as a table of its own.
struct UseTable {
  const char* title;
  const char* resource;
  const char* unit;  ///< behind the words of an amount
  UnitText text;
};
constexpr std::array<UseTable, 3> kUseTables = {{{"PUs", "cpu", "_millicores", cores_text},
                                                 {"memory", "memory", "_bytes", memory_text},
                                                 {"accelerators", "accelerators", "", count_text}}};
constexpr std::array<const char*, 3> kPeaks = {"rpeak_like", "fp32", "fp16"};

std::vector<std::string> dimensions_of(const Json& answer) {
  std::vector<std::string> names;
  for (const Json& name : list_at(answer, "by")) names.push_back(name.is_string() ? printable(name.get<std::string>()) : "?");
  return names;
}

/// What nobody wrote down is not declared; what probes could not tell is unknown; a server may have no accelerator at all.
std::string key_text(const Json& row, const std::string& dimension) {
  if (const auto text = text_at(object_at(row, "key"), dimension.c_str()); text && !text->empty()) return *text;
  if (dimension == "architecture") return "unknown";
  if (!dimension.starts_with("accelerator_")) return "not declared";
  return count_at(object_at(row, "leaves_out"), "nodes_hardware_unknown") > 0 ? "none or unknown" : "none";
}

std::string amount_text(const Json& resource, const std::string& member, UnitText unit) {
  const auto amount = amount_at(resource, member.c_str());
  return amount ? unit(*amount) : "unknown";
}

/// A share of nothing is none: then there is nothing to say.
std::string share_or_dash(const Json& object, const char* key) {
  const auto permille = number_at(object, key);
  return permille ? share_text(*permille) : "–";
}

/// How much of a whole, drawn: "██▌".
std::string bar(const std::optional<std::uint64_t>& permille) {
  if (!permille) return {};
  const std::size_t halves = std::min<std::uint64_t>(*permille, 1'000) * kBarWidth * 2 / 1'000;
  std::string drawn;
  for (std::size_t i = 0; i < halves / 2; ++i) drawn += "█";
  return drawn + (halves % 2 == 1 ? "▌" : "");
}

/// Short names of dimensions, for tables of many columns.
std::string title_of(const std::string& dimension) {
  static const std::map<std::string, const char*> known = {{"owner_class", "OWNER"},         {"compute_class", "CLASS"},
                                                           {"accelerator_model", "MODEL"},   {"region_2", "DIVISION"},
                                                           {"accelerator_vendor", "VENDOR"}, {"security_level", "LEVEL"}};
  if (const auto at = known.find(dimension); at != known.end()) return at->second;
  std::string title = dimension;
  std::ranges::transform(title, title.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return title;
}

/// Titles of the key, then of the table's own columns.
TextTable make_table(const std::vector<std::string>& dimensions, std::initializer_list<TextTable::Column> more) {
  std::vector<TextTable::Column> columns;
  for (const auto& name : dimensions) columns.push_back({title_of(name), TextTable::Align::kLeft});
  columns.insert(columns.end(), more);
  return TextTable(columns);
}

/// A row of the answer each, the total last.
template <class MakeCells>
void fill(TextTable& table, const Json& answer, const std::vector<std::string>& dimensions, MakeCells cells) {
  const auto add = [&](Cells row, const Json& figures) {
    for (auto& cell : cells(figures)) row.push_back(std::move(cell));
    table.add(row);
  };
  for (const Json& row : list_at(answer, "rows")) {
    Cells keys;
    for (const auto& name : dimensions) keys.push_back(key_text(row, name));
    add(std::move(keys), row);
  }
  Cells total(dimensions.size());
  if (!total.empty()) total[0] = "total";
  add(std::move(total), object_at(answer, "total"));
}

std::string node_table(const Json& answer, const std::vector<std::string>& dimensions, const TableLook& look) {
  auto table = make_table(dimensions, {{"NODES"}, {"OF ALL"}, {"AVAILABLE"}, {"OLDEST"}, {"NOT FRESH"}, {"UNKNOWN"}, {"UNRATED"}});
  fill(table, answer, dimensions, [](const Json& row) -> Cells {
    const Json& nodes = object_at(row, "nodes");
    return {amount_text(nodes, "installed", count_text),
            share_or_dash(object_at(nodes, "share_permille"), "installed"),
            amount_text(nodes, "available", count_text),
            oldest_text(row),
            share_at(row, "stale_permille"),
            share_at(row, "unknown_permille"),
            share_at(row, "unrated_permille")};
  });
  return "nodes\n" + table.text(look);
}

std::string use_table(const Json& answer, const UseTable& kind, const std::vector<std::string>& dimensions, const TableLook& look) {
  if (amount_at(object_at(object_at(answer, "total"), kind.resource), (std::string("installed") + kind.unit).c_str()) == WideAmount{0}) {
    return {};
  }
  auto table = make_table(
      dimensions, {{"INSTALLED"}, {"OF ALL"}, {"USED"}, {"OF ALL"}, {"FREE"}, {"OF ALL"}, {"IN USE"}, {"", TextTable::Align::kLeft, true}});
  fill(table, answer, dimensions, [&kind, &look](const Json& row) {
    const Json& resource = object_at(row, kind.resource);
    const Json& shares = object_at(resource, "share_permille");
    Cells cells;
    for (const char* side : {"installed", "used", "free"}) {
      cells.push_back(amount_text(resource, std::string(side) + kind.unit, kind.text));
      cells.push_back(share_or_dash(shares, side));
    }
    cells.push_back(share_or_dash(resource, "used_permille"));
    if (look.bold) cells.push_back(bar(number_at(resource, "used_permille")));
    return cells;
  });
  return "\n" + std::string(kind.title) + ", used and free of available nodes; IN USE is used of both together\n" + table.text(look);
}

std::string peak_table(const Json& answer, const std::vector<std::string>& dimensions, const TableLook& look) {
  auto table = make_table(dimensions, {{"RPEAK-LIKE"}, {"OF ALL"}, {"FP32"}, {"OF ALL"}, {"FP16"}, {"OF ALL"}});
  fill(table, answer, dimensions, [](const Json& row) {
    Cells cells;
    for (const char* precision : kPeaks) {
      const Json& peak = object_at(row, precision);
      const auto mflops = amount_at(peak, "installed_mflops");
      cells.push_back(mflops ? flops_text(*mflops) : "–");
      cells.push_back(share_or_dash(object_at(peak, "share_permille"), "installed"));
    }
    return cells;
  });
  return "\npeaks of CPUs and accelerators, installed, dense and nominal, of what is rated\n"
         "Rpeak-like is FP64 of matrix units, else of vector units; precisions are never added\n" +
         table.text(look);
}

/// "nodes_hardware_unknown" -> "nodes hardware unknown"
std::string words_of(std::string name) {
  std::ranges::replace(name, '_', ' ');
  return name;
}

/// What the totals above do not count; empty where that is nothing.
std::string left_out_lines(const Json& answer) {
  std::string text;
  const auto add = [&text](const Json& counts, const std::string& more) {
    for (const auto& [name, count] : counts.items()) {
      const auto number = number_at(counts, name.c_str());
      if (number && *number > 0) text += (text.empty() ? "" : ", ") + words_of(printable(name)) + more + " " + count_text(*number);
    }
  };
  add(object_at(object_at(answer, "total"), "leaves_out"), "");
  add(object_at(answer, "not_installed"), " nodes");
  return text.empty() ? std::string() : "\n" + labelled("left out:", text, 11);
}

/// The controller's own table, page by page, with one row of titles.
Result<std::string> read_csv(const ApiConnection& connection, const std::string& path) {
  const auto head = api_get(connection, path + "&limit=1");
  if (!head) return head.error();
  const auto rows = std::min<std::uint64_t>(number_at(*head, "row_count").value_or(0), kMaxPages * kPageRows);
  std::string all;
  for (std::uint64_t first = 0; first == 0 || first < rows; first += kPageRows) {
    const auto page = api_get_csv(connection, path + "&limit=" + std::to_string(kPageRows) + "&cursor=" + std::to_string(first));
    if (!page) return page.error();
    all += first == 0 ? *page : page->substr(std::min(page->size(), page->find('\n') + 1));
  }
  return all;
}

}  // namespace

std::string imbalance_text(const Json& answer, const TableLook& look) {
  const auto dimensions = dimensions_of(answer);
  std::string text;
  if (const Json& resyncing = object_at(answer, "resyncing"); !resyncing.empty()) {
    text +=
        "resyncing: " + count_text(count_at(resyncing, "heard")) + " of " + count_text(count_at(resyncing, "known")) + " known nodes\n\n";
  }
  text += printable(text_at(answer, "question").value_or("")) + "\n";
  text += "map of " + printable(text_at(answer, "at").value_or("unknown time")) + ", chip table " +
          printable(text_at(answer, "catalog").value_or("unknown")) + "\n\n";
  text += node_table(answer, dimensions, look);
  for (const auto& kind : kUseTables) text += use_table(answer, kind, dimensions, look);
  return text + peak_table(answer, dimensions, look) + left_out_lines(answer);
}

Result<Done> show_imbalance(const ApiConnection& connection, const Screen& screen, const ImbalanceQuestion& question) {
  const auto path = "/v1/imbalance/" + url_escaped(question.name) + "?filter=" + url_escaped(question.filter);
  if (question.csv) {
    const auto table = read_csv(connection, path);
    if (!table) return table.error();
    screen.out << *table;
    return Done{};
  }
  const auto answer = api_get_pages(connection, path, "rows");
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : imbalance_text(*answer, screen.look));
  return Done{};
}

}  // namespace capmap
