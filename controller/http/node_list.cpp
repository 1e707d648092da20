#include "controller/http/node_list.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/http/problem.hpp"
#include "controller/http/scope_filter.hpp"
#include "controller/map/rollup.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kDefaultLimit = 100, kMaxLimit = 1'000;
constexpr std::size_t kMaxChunksAsked = 32;  ///< a page; a rare filter gets short pages instead of holding the map thread up

/// A page on its way through the chunks of the node table.
struct Page {
  NodeList list;
  std::string scope;  ///< of who asks; empty: everything
  std::shared_ptr<const MapView> view;
  std::shared_ptr<NodeSelection> selection = std::make_shared<NodeSelection>();
  std::optional<PageForm> form{};  ///< where the list can be a table
  std::size_t limit = kDefaultLimit;
  std::size_t chunk = 0, row = 0, asked = 0;
  Json nodes = Json::array();
};

Outcome ask_for_chunk(const std::shared_ptr<Page>& page);

Outcome finish(const Page& page, bool more) {
  Json answer;
  answer["nodes"] = page.nodes;
  answer["next"] = more ? Json(std::to_string(page.chunk) + "." + std::to_string(page.row)) : Json(nullptr);
  if (!page.scope.empty()) answer["scope"] = page.scope;
  if (page.list.rest) page.list.rest(answer);
  return page.form ? page.form->response(answer, "nodes", page.list.columns) : json_response(answer);
}

Outcome take_chunk(const std::shared_ptr<Page>& page, const Answer& answer) {
  if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
  const auto& found = std::get<NodeAnswer>(answer);
  for (const NodeRow& row : found.rows) {
    page->row = row.slot;
    if (page->nodes.size() == page->limit) return finish(*page, true);
    page->nodes.push_back(page->list.line(row));
  }
  ++page->chunk;
  page->row = 0;
  if (page->chunk >= found.chunk_count) return finish(*page, false);
  if (page->nodes.size() == page->limit || page->asked == kMaxChunksAsked) return finish(*page, true);
  return ask_for_chunk(page);
}

Outcome ask_for_chunk(const std::shared_ptr<Page>& page) {
  ++page->asked;
  page->selection->first_slot = static_cast<std::uint32_t>(page->row);
  page->selection->most = page->limit - page->nodes.size() + 1;  // one more tells where the next page begins
  return Ask{.question = NodeQuery{.ticket = 0, .id = std::nullopt, .chunk = page->chunk, .selection = page->selection},
             .then = [page](const Answer& answer) { return take_chunk(page, answer); }};
}

/// "chunk.slot", as an earlier page gave it. Nodes keep their slots, so pages neither skip nor repeat one that was there all the time.
Result<Done> read_cursor(const std::string& text, Page& page) {
  const auto dot = text.find('.');
  const auto chunk = parse_count("cursor", text.substr(0, dot), 0, UINT32_MAX);
  const auto row = parse_count("cursor", dot == std::string::npos ? "" : text.substr(dot + 1), 0, UINT32_MAX);
  if (!chunk || !row) return Error{ErrorCode::kMalformed, "cursor: must be what \"next\" of the page before said"};
  page.chunk = *chunk;
  page.row = *row;
  return Done{};
}

/// Index of a site by its s-… id or name.
std::optional<std::uint32_t> find_site(const MapView& view, const std::string& name_or_id) {
  for (std::size_t i = 1; i < view.sites.size(); ++i) {
    const auto& site = view.sites[i];
    if (site && (site->name == name_or_id || to_text(site->id) == name_or_id)) return static_cast<std::uint32_t>(i);
  }
  return std::nullopt;
}

}  // namespace

std::optional<HttpResponse> read_selection(const Call& call, std::optional<FilterNode> wanted, NodeSelection& selection) {
  if (const auto name = parameter(call.target, "site")) {
    selection.site = find_site(*call.view, *name);
    if (!selection.site)
      return problem_response({.status = 400, .word = "unknown-site", .detail = "site: no site has the name or id \"" + *name + "\""});
  }
  if (const auto word = parameter(call.target, "liveness")) {
    const auto* const found = std::find(kLivenessNames.begin(), kLivenessNames.end(), *word);
    if (found == kLivenessNames.end()) {
      return problem_response({.status = 400,
                               .word = "unknown-liveness",
                               .detail = "liveness: \"" + *word + "\" is not known",
                               .known = {kLivenessNames.begin(), kLivenessNames.end()}});
    }
    selection.liveness = static_cast<Liveness>(found - kLivenessNames.begin());
  }
  if (const auto text = parameter(call.target, "filter"); text && !text->empty()) {
    auto filter = parse_filter(*text);
    if (!filter) return problem_response({.status = 400, .word = "bad-filter", .detail = filter.error().what});
    wanted = both(std::move(wanted), std::move(*filter));
  }
  wanted = both(scope_filter(call.asker->principal, *call.view), std::move(wanted));
  if (wanted) selection.filter.emplace(*wanted, *dictionaries_of(*call.view));
  return std::nullopt;
}

Outcome list_nodes(const Call& call, NodeList list) {
  auto page = std::make_shared<Page>();
  page->list = std::move(list);
  page->view = call.view;
  if (!page->list.columns.empty()) page->form.emplace(call);
  if (page->list.narrow) page->list.narrow(*page->selection);
  if (call.asker->principal.scoped()) page->scope = scope_text(call.asker->principal);
  const auto limit = parse_count("limit", parameter(call.target, "limit").value_or(std::to_string(kDefaultLimit)), 1, kMaxLimit);
  if (!limit) return error_response(limit.error());
  page->limit = *limit;
  if (auto refused = read_selection(call, page->list.only, *page->selection)) return *refused;
  if (const auto cursor = parameter(call.target, "cursor")) {
    if (auto read = read_cursor(*cursor, *page); !read) return error_response(read.error());
  }
  return ask_for_chunk(page);
}

}  // namespace capmap
