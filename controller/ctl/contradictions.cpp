#include "controller/ctl/contradictions.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/http_client.hpp"
#include "controller/ctl/map_figures.hpp"
#include "controller/ctl/pages.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

std::string site_of(const Json& node) {
  const Json& site = object_at(node, "site");
  return text_at(site, "name").value_or(text_at(site, "id").value_or(""));
}

/// "3 of them left out of totals, with 1,024 cores; believe.contradicted is exclude"
std::string policy_text(const Json& answer) {
  const Json& policy = object_at(answer, "contradicted");
  if (policy.empty()) return {};
  const auto part = [](const Json& sums) {
    return plural(count_at(sums, "nodes"), "node") + ", " + plural(count_at(sums, "cores"), "core") + ", " +
           plural(count_at(sums, "accelerators"), "accelerator");
  };
  return "in totals: " + part(object_at(policy, "counted")) + "; left out: " + part(object_at(policy, "left_out")) +
         "; believe.contradicted is " + printable(text_at(policy, "policy").value_or("unknown")) + "\n";
}

}  // namespace

std::string contradictions_text(const Json& answer, const TableLook& look) {
  using enum TextTable::Align;
  TextTable table(
      {{"ID", kLeft, true}, {"HOSTNAME", kLeft}, {"SITE", kLeft}, {"SINCE", kLeft, true}, {"COUNTED", kLeft}, {"REASON", kLeft, true}});
  const Json& nodes = list_at(answer, "nodes");
  std::string details;
  for (const Json& node : nodes) {
    std::string words;
    const auto id = text_at(node, "id").value_or("unknown");
    details += printable(id) + "\n";
    for (const Json& finding : list_at(node, "findings")) {
      const auto word = text_at(finding, "reason").value_or("unknown");
      if ((" " + words + " ").find(" " + word + " ") == std::string::npos) words += (words.empty() ? "" : " ") + word;
      details += labelled("", text_at(finding, "text").value_or("unknown"), 2);
    }
    table.add({id, text_at(node, "hostname").value_or("unknown"), site_of(node), text_at(node, "since").value_or("unknown"),
               flag_at(node, "in_totals") ? "yes" : "no", words});
  }
  std::string text = table.text(look) + plural(nodes.size(), "node") + " contradicted\n" + policy_text(answer);
  return details.empty() ? text : text + "\n" + details;
}

std::string contradictions_csv(const Json& answer) {
  std::string text = "node,hostname,site,since,in_totals,reason,claimed,plausible,text\r\n";
  for (const Json& node : list_at(answer, "nodes")) {
    for (const Json& finding : list_at(node, "findings")) {
      const std::array fields = {text_at(node, "id").value_or(""),
                                 text_at(node, "hostname").value_or(""),
                                 site_of(node),
                                 text_at(node, "since").value_or(""),
                                 std::string(flag_at(node, "in_totals") ? "true" : "false"),
                                 text_at(finding, "reason").value_or(""),
                                 text_at(finding, "claimed").value_or(""),
                                 text_at(finding, "plausible").value_or(""),
                                 text_at(finding, "text").value_or("")};
      for (std::size_t i = 0; i < fields.size(); ++i) text += (i == 0 ? "" : ",") + csv_field(fields[i]);
      text += "\r\n";
    }
  }
  return text;
}

Result<Done> list_contradictions(const ApiConnection& connection, const Screen& screen, const ContradictionFilter& filter) {
  std::string path = "/v1/contradictions?limit=1000";
  if (!filter.site.empty()) path += "&site=" + url_escaped(filter.site);
  if (!filter.filter.empty()) path += "&filter=" + url_escaped(filter.filter);
  const auto answer = api_get_pages(connection, path, "nodes");
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else {
    screen.out << (filter.csv ? contradictions_csv(*answer) : contradictions_text(*answer, screen.look));
  }
  return Done{};
}

}  // namespace capmap
