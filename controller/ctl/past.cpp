#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <ostream>

#include "common/time_text.hpp"
#include "controller/ctl/commands.hpp"
#include "controller/ctl/http_client.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/ctl/units.hpp"

namespace capmap {
namespace {

using Json = ApiJson;
using Align = TextTable::Align;

std::string plain(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object()) return text_at(value, "cpu_model").value_or("known");  // hardware as a whole
  return value.is_null() ? "–" : value.dump();
}

/// "site_name: a → b, hardware.cores: 64 → 128"
std::string changed_text(const Json& event) {
  std::string text;
  for (const auto& [name, change] : object_at(event, "changed").items()) {
    if (name == "site" || !change.is_object()) continue;  // its name says it
    text += (text.empty() ? "" : ", ") + name + ": " + plain(change.value("from", Json())) + " → " + plain(change.value("to", Json()));
  }
  for (const char* side : {"from", "to"}) {
    if (const auto site = text_at(object_at(event, side), "site_name")) text += std::string(side) + " " + *site;
  }
  return text;
}

}  // namespace

Result<std::string> parse_moment(std::string_view option, const std::string& text, std::uint64_t now_unix_ms) {
  const auto ago_ms = parse_duration_ms(text);
  if (ago_ms) return rfc3339_text(now_unix_ms - std::min(now_unix_ms, *ago_ms));
  const auto fits = [&text](std::string_view form) {
    return text.size() == form.size() &&
           std::ranges::equal(text, form, [](char c, char f) { return f == '0' ? c >= '0' && c <= '9' : c == f; });
  };
  std::string moment = text;
  if (fits("0000-00-00")) moment.append("T00:00:00Z");
  if (fits("0000-00-00") || fits("0000-00-00T00:00:00Z") || fits("0000-00-00T00:00:00.000Z")) return moment;
  return Error{ErrorCode::kMalformed, std::string(option) + ": \"" + text +
                                          "\" is no moment: 2026-11-22T21:00:00Z, 2026-11-22, or how long ago: 90s, 30m, 24h, 7d"};
}

Result<Done> show_history_spans(const ApiConnection& connection, const Screen& screen) {
  const auto answer = api_get(connection, "/v1/history/spans");
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
    return Done{};
  }
  TextTable table({{"KNOWN FROM", Align::kLeft, true}, {"UNTIL", Align::kLeft, true}});
  for (const Json& span : list_at(*answer, "spans")) table.add({text_at(span, "from").value_or("?"), text_at(span, "until").value_or("?")});
  std::string tables;
  for (const Json& name : list_at(*answer, "chip_tables")) tables += (tables.empty() ? "" : ", ") + plain(name);
  screen.out << table.text(screen.look) << "chip tables kept: " << printable(tables) << "\n";
  return Done{};
}

std::string events_text(const Json& answer, const TableLook& look) {
  TextTable table({{"AT", Align::kLeft, true}, {"WHAT", Align::kLeft, true}, {"NODE", Align::kLeft, true}, {"CHANGED", Align::kLeft}});
  for (const Json& event : list_at(answer, "events")) {
    table.add({text_at(event, "at").value_or("?"), text_at(event, "kind").value_or("?"), text_at(event, "node").value_or("–"),
               changed_text(event)});
  }
  return table.text(look);
}

Result<Done> show_history_events(const ApiConnection& connection, const Screen& screen, const EventFilter& filter) {
  constexpr std::uint32_t kPage = 10'000;
  Json events = Json::array();
  std::string cursor = "0";
  while (events.size() < filter.limit) {
    std::string path = "/v1/history/events?limit=" + std::to_string(std::min<std::size_t>(kPage, filter.limit - events.size()));
    path += "&cursor=" + cursor;
    for (const auto& [name, text] : {std::pair{"node", &filter.node}, {"from", &filter.from}, {"until", &filter.until}}) {
      if (!text->empty()) path += std::string("&") + name + "=" + url_escaped(*text);
    }
    const auto answer = api_get(connection, path);
    if (!answer) return answer.error();
    for (const Json& event : list_at(*answer, "events")) events.push_back(event);
    const auto next = text_at(*answer, "next");
    if (!next || *next == cursor) break;
    cursor = *next;
  }
  const Json all = {{"events", std::move(events)}};
  screen.out << (screen.json ? all.dump() + "\n" : events_text(all, screen.look));
  return Done{};
}

}  // namespace capmap
