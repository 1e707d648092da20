#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/http_client.hpp"
#include "controller/ctl/map_figures.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

constexpr std::uint32_t kPageNodes = 1'000;
constexpr std::size_t kMaxPages = 20'000;  ///< 20 million nodes

/// "2.5 h ago"; "about 3 h ago" where the store alone noted it; "never".
std::string last_seen_text(const Json& node) {
  const auto age = number_at(node, "age_ms");
  if (!age) return text_at(node, "absence") == "never_came" ? "never" : "unknown";
  return (number_at(node, "last_seen_coarse_ms").value_or(0) > 0 ? "about " : "") + age_text(*age) + " ago";
}

std::string sites_block(const Json& answer, const TableLook& look) {
  using enum TextTable::Align;
  const Json& sites = list_at(answer, "sites");
  if (sites.empty()) return {};
  TextTable table({{"SITE", kLeft}, {"DECLARED"}, {"INSTALLED"}, {"OF THEM LOST"}, {"NEVER MET"}});
  for (const Json& site : sites) {
    const auto declared = number_at(site, "declared_nodes"), installed = number_at(site, "installed_nodes");
    std::string missing = "unknown";
    if (declared && installed) {
      missing = *installed <= *declared ? count_text(*declared - *installed) : count_text(*installed - *declared) + " more than declared";
    }
    table.add({text_at(object_at(site, "site"), "name").value_or(text_at(object_at(site, "site"), "id").value_or("unknown")),
               declared ? count_text(*declared) : "unknown", installed ? count_text(*installed) : "unknown",
               count_text(count_at(site, "lost_nodes")), missing});
  }
  std::string text = "\nsites that declare their nodes\n" + table.text(look);
  if (const auto more = count_at(answer, "sites_left_out"); more > 0) text += "and " + plural(more, "more site") + "\n";
  return text;
}

/// Pages until there are `filter.limit`; what stands beside the nodes is of the first page.
Result<Json> read_absent(const ApiConnection& connection, const NodeFilter& filter) {
  Json all, nodes = Json::array();
  std::string cursor;
  for (std::size_t page = 0; page < kMaxPages; ++page) {
    const auto wanted = std::min(filter.limit - static_cast<std::uint32_t>(nodes.size()), kPageNodes);
    std::string path = "/v1/absent?limit=" + std::to_string(wanted);
    if (!filter.site.empty()) path += "&site=" + url_escaped(filter.site);
    if (!filter.filter.empty()) path += "&filter=" + url_escaped(filter.filter);
    if (!cursor.empty()) path += "&cursor=" + url_escaped(cursor);
    auto answer = api_get(connection, path);
    if (!answer) return answer.error();
    for (const Json& node : list_at(*answer, "nodes")) {
      if (nodes.size() < filter.limit) nodes.push_back(node);
    }
    const auto next = text_at(*answer, "next");
    if (page == 0) all = std::move(*answer);
    if (all.is_object()) all["next"] = next ? Json(*next) : Json(nullptr);
    if (!next || *next == cursor || nodes.size() >= filter.limit) break;
    cursor = *next;
  }
  if (all.is_object()) all["nodes"] = std::move(nodes);
  return all;
}

}  // namespace

std::string absent_text(const Json& answer, const TableLook& look) {
  using enum TextTable::Align;
  std::string text;
  if (const Json& resyncing = object_at(answer, "resyncing"); !resyncing.empty()) {
    text += "resyncing: " + count_text(count_at(resyncing, "heard")) + " of " + count_text(count_at(resyncing, "known")) +
            " known nodes; who is away is known once that is over\n\n";
  }
  TextTable table({{"ID", kLeft, true}, {"HOSTNAME", kLeft}, {"SITE", kLeft}, {"POOL", kLeft}, {"STATE", kLeft}, {"LAST SEEN"}});
  const Json& nodes = list_at(answer, "nodes");
  std::uint64_t never = 0;
  for (const Json& node : nodes) {
    never += text_at(node, "absence") == "never_came" ? 1U : 0U;
    table.add({text_at(node, "id").value_or("unknown"), text_at(node, "hostname").value_or("unknown"),
               text_at(object_at(node, "site"), "name").value_or("unknown"), text_at(object_at(node, "pool"), "name").value_or("–"),
               text_at(node, "service_state").value_or("unknown"), last_seen_text(node)});
  }
  text += table.text(look) + plural(nodes.size(), "node") + " absent";
  if (never > 0) text += ", " + count_text(never) + " of them never came";
  if (text_at(answer, "next")) text += "; shown are some, there are more: --limit, or --site and --filter";
  return text + "\n" + sites_block(answer, look);
}

Result<Done> list_absent(const ApiConnection& connection, const Screen& screen, const NodeFilter& filter) {
  const auto answer = read_absent(connection, filter);
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : absent_text(*answer, screen.look));
  return Done{};
}

}  // namespace capmap
