// What the command line says of the past.
#include <CLI/CLI.hpp>
#include <memory>

#include "common/clock.hpp"
#include "controller/ctl/cli_line.hpp"

namespace capmap {

void add_past(CLI::App& history, Line& line) {
  add_command(history, "spans", "from when until when the map is known, and the chip tables it can be re-stated with",
              "  capmapctl history spans")
      ->callback([&line] { line.command = [&line](const Screen& screen) { return show_history_spans(line.connection, screen); }; });
  auto* events =
      add_command(history, "events", "nodes that joined, left, moved, changed, were drained, doubted, lost or came back",
                  "  capmapctl history events --from 24h\n  capmapctl history events --from 2026-11-01 --until 2026-11-02 --limit 1000");
  auto filter = std::make_shared<EventFilter>();
  filter->from = "24h";
  events->add_option("--node", filter->node, "n-… id; default: all nodes");
  events->add_option("--from", filter->from, "2026-11-22T21:00:00Z, 2026-11-22, or 3d ago")->capture_default_str();
  events->add_option("--until", filter->until, "likewise; default: now");
  events->add_option("--limit", filter->limit, "most events to list, the oldest first")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  events->callback([&line, filter] {
    const auto now_unix_ms = SystemClock().unix_ms();
    for (auto* moment : {&filter->from, &filter->until}) {
      if (moment->empty()) continue;
      const auto parsed = parse_moment(moment == &filter->from ? "--from" : "--until", *moment, now_unix_ms);
      if (!parsed) throw CLI::ValidationError("history events", parsed.error().what);
      *moment = *parsed;
    }
    line.command = [&line, filter](const Screen& screen) { return show_history_events(line.connection, screen, *filter); };
  });
}

}  // namespace capmap
