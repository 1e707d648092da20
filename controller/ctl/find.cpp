#include "controller/ctl/find.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/http_client.hpp"
#include "controller/ctl/map_figures.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;
using enum TextTable::Align;

std::string count_or_dash(const Json& row, const char* key) {
  const auto count = number_at(row, key);
  return count ? count_text(*count) : "–";
}

std::string rate_text(const Json& row, const std::string& precision) {
  const auto rate = amount_at(row, "rate_mflops");
  if (!rate) return "–";
  return precision.starts_with("int") ? ops_text(*rate) : flops_text(*rate);
}

/// In words, for the last column; the API's where it is newer than we are.
std::string reason_text(const Json& offer) {
  const auto reason = text_at(offer, "reason").value_or("–");
  if (reason == "one_kind") return "all, of one kind";
  if (reason == "mixed") return "all, of several kinds";
  if (reason == "if_unknown_is_free") return "all, if unknown is free";
  return reason == "part" ? "a part" : reason;
}

std::string block_text(const Json& offer) {
  const Json& block = object_at(offer, "largest_block");
  const auto nodes = number_at(block, "nodes");
  if (!nodes) return "–";
  const auto pool = text_at(object_at(block, "pool"), "name");
  return count_text(*nodes) + (pool ? " in " + *pool : "");
}

/// 17 stands for more than 16.
std::string most_free_text(const Json& offer) {
  const auto most = number_at(offer, "largest_free_accelerators");
  return most && *most > 16 ? "> 16" : count_or_dash(offer, "largest_free_accelerators");
}

std::string offers_table(const Json& answer, const std::string& precision, const TableLook& look) {
  const bool pools = text_at(answer, "together") == "pool", spread = text_at(answer, "together") == "spread";
  std::string rate = precision;
  std::ranges::transform(rate, rate.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::vector<TextTable::Column> columns = {{"RANK"}, {"SITE", kLeft}};
  if (pools) columns.push_back({"POOL", kLeft});
  columns.insert(columns.end(), {{"NODES"}, {"MAYBE"}});
  if (spread) columns.push_back({"TAKES"});
  columns.insert(columns.end(), {{"ACCEL"}});
  if (!rate.empty()) columns.push_back({rate});
  columns.insert(columns.end(), {{"BLOCK"}, {"ON ONE"}, {.title = "SERVES", .align = kLeft, .words = true}});
  TextTable table(columns);
  for (const Json& offer : list_at(answer, "offers")) {
    std::vector<std::string> cells = {count_or_dash(offer, "rank"), text_at(object_at(offer, "site"), "name").value_or("unknown")};
    if (pools) cells.push_back(text_at(object_at(offer, "pool"), "name").value_or("–"));
    cells.insert(cells.end(), {count_or_dash(offer, "nodes"), count_or_dash(offer, "maybe_nodes")});
    if (spread) cells.push_back(count_or_dash(offer, "takes_nodes"));
    cells.push_back(count_or_dash(offer, "accelerators"));
    if (!rate.empty()) cells.push_back(rate_text(offer, precision));
    cells.insert(cells.end(), {block_text(offer), most_free_text(offer), reason_text(offer)});
    table.add(cells);
  }
  return table.text(look);
}

std::string needs_table(const Json& answer, const TableLook& look) {
  TextTable table({{"NEED", kLeft}, {"REMOVED"}, {"ACCEL"}, {"UNKNOWN"}, {"ONLY THIS"}});
  for (const auto& [name, need] : object_at(answer, "needs").items()) {
    if (count_at(need, "removed_nodes") + count_at(need, "unknown_nodes") == 0) continue;
    table.add({name, count_or_dash(need, "removed_nodes"), count_or_dash(need, "removed_accelerators"),
               count_or_dash(need, "unknown_nodes"), count_or_dash(need, "only_this_nodes")});
  }
  return table.text(look);
}

std::string verdict_line(const Json& answer) {
  const auto verdict = text_at(answer, "answer").value_or("unknown"), together = text_at(answer, "together").value_or("site");
  const std::string where = together == "spread" ? "spread over sites" : together == "pool" ? "in one pool" : "in one site";
  const std::string wanted = count_or_dash(answer, "wanted_nodes") + " wanted " + where + ": ";
  if (verdict == "yes") return wanted + "there are enough\n";
  if (verdict == "maybe") return wanted + "enough only if what is not known is free\n";
  return wanted + "there are not enough\n";
}

}  // namespace

std::string find_text(const Json& answer, const std::string& precision, const TableLook& look) {
  std::string text;
  if (const Json& resyncing = object_at(answer, "resyncing"); !resyncing.empty()) {
    text +=
        "resyncing: " + count_text(count_at(resyncing, "heard")) + " of " + count_text(count_at(resyncing, "known")) + " known nodes\n\n";
  }
  text += verdict_line(answer);
  text += count_or_dash(answer, "nodes") + " of " + count_or_dash(answer, "considered_nodes") + " installed nodes serve it now, " +
          count_or_dash(answer, "maybe_nodes") + " more if what is not known of them is free\n\n";
  const auto shown = list_at(answer, "offers").size();
  if (shown > 0) text += offers_table(answer, precision, look);
  const auto offers = count_at(answer, "offer_count");
  if (offers > shown) text += count_text(shown) + " of " + count_text(offers) + " offers shown: --limit shows more\n";
  if (const auto most = text_at(answer, "removed_most")) {
    text += (shown > 0 ? "\nwhat removed most: " : "what removed most: ") + printable(*most) + "\n" + needs_table(answer, look);
  }
  return text;
}

Result<Done> show_find(const ApiConnection& connection, const Screen& screen, const FindQuestion& question) {
  std::string path = "/v1/find", precision;
  for (const auto& [name, text] : question) {
    path += (path.find('?') == std::string::npos ? "?" : "&") + name + "=" + url_escaped(text);
    if (name == "precision") precision = text;
  }
  const auto answer = api_get(connection, path);
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : find_text(*answer, precision, screen.look));
  return Done{};
}

Result<std::string> parse_rate(const std::string& text) {
  constexpr std::array<std::pair<char, std::uint64_t>, 5> units = {
      {{'M', 1}, {'G', 1'000}, {'T', 1'000'000}, {'P', 1'000'000'000}, {'E', 1'000'000'000'000}}};
  const Error wrong{ErrorCode::kMalformed, "\"" + text + "\" is no rate: a number and M, G, T, P or E operations a second, 300T or 1.5P"};
  const auto unit = std::ranges::find(units, text.empty() ? ' ' : text.back(), [](const auto& one) { return one.first; });
  if (unit == units.end()) return wrong;
  double number = 0;
  const char* const end = text.data() + text.size() - 1;
  const auto read = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  const double mflops = number * static_cast<double>(unit->second);
  if (read.ec != std::errc() || read.ptr != end || mflops < 1 || mflops > 1e18) return wrong;
  return std::to_string(static_cast<std::uint64_t>(mflops + 0.5));
}

}  // namespace capmap
