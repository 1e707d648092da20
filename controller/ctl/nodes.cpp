#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "common/ids.hpp"
#include "controller/ctl/commands.hpp"
#include "controller/ctl/http_client.hpp"
#include "controller/ctl/node_pages.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

constexpr std::uint32_t kPageNodes = 1'000;
constexpr std::size_t kMaxScanPages = 20'000;  ///< looking for a host name: 20 million nodes

std::string page_path(const NodeFilter& filter, std::uint32_t limit, const std::string& cursor) {
  std::string path = "/v1/nodes?limit=" + std::to_string(limit);
  if (!filter.site.empty()) path += "&site=" + url_escaped(filter.site);
  if (!filter.liveness.empty()) path += "&liveness=" + url_escaped(filter.liveness);
  if (!filter.filter.empty()) path += "&filter=" + url_escaped(filter.filter);
  if (!cursor.empty()) path += "&cursor=" + url_escaped(cursor);
  return path;
}

/// The id behind a host name, looked for page by page.
Result<std::string> id_of_hostname(const ApiConnection& connection, const std::string& hostname) {
  std::vector<std::string> ids;
  std::string cursor;
  for (std::size_t page = 0; page < kMaxScanPages && ids.size() < 10; ++page) {
    const auto answer = api_get(connection, page_path({}, kPageNodes, cursor));
    if (!answer) return answer.error();
    for (const Json& node : list_at(*answer, "nodes")) {
      if (text_at(node, "hostname") == hostname) ids.push_back(text_at(node, "id").value_or(""));
    }
    const auto next = text_at(*answer, "next");
    if (!next || *next == cursor) break;
    cursor = *next;
  }
  if (ids.empty()) return Error{ErrorCode::kAbsent, "no node has the host name \"" + hostname + "\"; capmapctl nodes lists them"};
  if (ids.size() == 1) return ids[0];
  std::string several;
  for (const auto& id : ids) several += " " + id;
  return Error{ErrorCode::kMalformed, "more than one node has the host name \"" + hostname + "\"; name one by its id:" + several};
}

std::string label_words(const Json& node) {
  std::string words;
  for (const auto& [key, value] : object_at(node, "labels").items()) {
    if (value.is_string()) words += (words.empty() ? "" : " ") + key + "=" + value.get<std::string>();
  }
  return words.empty() ? "–" : words;
}

std::string count_cell(const Json& node, const char* key) {
  const auto count = amount_at(node, key);
  return count ? count_text(*count) : "unknown";
}

}  // namespace

Result<Json> read_nodes(const ApiConnection& connection, const NodeFilter& filter) {
  Json all = {{"nodes", Json::array()}, {"next", nullptr}};
  std::string cursor;
  for (std::size_t page = 0; page < kMaxScanPages; ++page) {
    const auto wanted = filter.limit - static_cast<std::uint32_t>(all["nodes"].size());
    auto answer = api_get(connection, page_path(filter, std::min(wanted, kPageNodes), cursor));
    if (!answer) return answer.error();
    for (const Json& node : list_at(*answer, "nodes")) {
      if (all["nodes"].size() < filter.limit) all["nodes"].push_back(node);
    }
    const auto next = text_at(*answer, "next");
    all["next"] = next ? Json(*next) : Json(nullptr);
    if (!next || *next == cursor || all["nodes"].size() >= filter.limit) return all;
    cursor = *next;
  }
  return all;
}

std::string nodes_text(const Json& answer, const TableLook& look) {
  using enum TextTable::Align;
  TextTable table({{"ID", kLeft, true},
                   {"HOSTNAME", kLeft},
                   {"SITE", kLeft},
                   {"LIVENESS", kLeft, true},
                   {"AGE"},
                   {"PUS"},
                   {"MEMORY"},
                   {"ACCEL"},
                   {"POOL", kLeft, false, false, true},
                   {"SERVICE", kLeft, false, false, true},
                   {"VERDICT", kLeft, false, false, true},
                   {"LABELS", kLeft, false, false, true}});
  const Json& nodes = list_at(answer, "nodes");
  for (const Json& node : nodes) {
    const auto age = number_at(node, "age_ms");
    const auto memory = amount_at(node, "memory_bytes");
    table.add({text_at(node, "id").value_or("unknown"), text_at(node, "hostname").value_or("unknown"),
               text_at(object_at(node, "site"), "name").value_or("unknown"), text_at(node, "liveness").value_or("unknown"),
               age ? age_text(*age) : "–", count_cell(node, "pus"), memory ? memory_text(*memory) : "unknown",
               count_cell(node, "accelerators"), text_at(object_at(node, "pool"), "name").value_or("–"),
               text_at(node, "service_state").value_or("unknown"), text_at(node, "verdict").value_or("unknown"), label_words(node)});
  }
  std::string text = table.text(look) + count_text(nodes.size()) + (nodes.size() == 1 ? " node" : " nodes");
  const auto guests = std::ranges::count_if(nodes, [](const Json& node) { return text_at(node, "counted_in").has_value(); });
  if (guests > 0)
    text += ", " + count_text(static_cast<WideAmount>(guests)) + " of them counted in others: virtual machines inside them, or doubles";
  if (text_at(answer, "next")) text += " shown, there are more: --limit, or --site, --liveness and --filter";
  return text + "\n";
}

Result<Done> list_nodes(const ApiConnection& connection, const Screen& screen, const NodeFilter& filter) {
  const auto answer = read_nodes(connection, filter);
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : nodes_text(*answer, screen.look));
  return Done{};
}

Result<std::string> node_path(const ApiConnection& connection, const std::string& id_or_hostname) {
  if (parse_id<NodeId>(id_or_hostname)) return "/v1/nodes/" + id_or_hostname;
  const auto found = id_of_hostname(connection, id_or_hostname);
  return found ? Result<std::string>("/v1/nodes/" + url_escaped(*found)) : Result<std::string>(found.error());
}

Result<Done> show_node(const ApiConnection& connection, const Screen& screen, const std::string& id_or_hostname) {
  const auto path = node_path(connection, id_or_hostname);
  if (!path) return path.error();
  const auto node = api_get(connection, *path);
  if (!node) return node.error();
  screen.out << (screen.json ? node->dump() + "\n" : node_text(*node, screen.look));
  return Done{};
}

}  // namespace capmap
