// What the command line says of history.
#include <CLI/CLI.hpp>
#include <memory>

#include "common/clock.hpp"
#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/history.hpp"

namespace capmap {

void add_history(CLI::App& app, Line& line) {
  struct Said {
    UsageRequest request;
    std::string since = "24h";
  };
  const auto said = std::make_shared<Said>();
  auto* history = add_command(app, "history", "how use went, with its percentiles by hour of the day",
                              "  capmapctl history --region 11 --since 7d\n"
                              "  capmapctl history --by region_2 --measure accelerator_use\n"
                              "  capmapctl history --site beijing-1 --since 30d --grain 1h --json\n"
                              "  capmapctl history events --from 3d");
  auto* region = history->add_option("--region", said->request.region, "one division: 11");
  auto* site = history->add_option("--site", said->request.site, "one site: name or s-… id; by 15 minutes");
  auto* by = history->add_option("--by", said->request.by, "groups: region_2, compute_class, accelerator_model, comma between");
  site->excludes(region)->excludes(by);
  history->add_option("--since", said->since, "how far back: 90m, 24h, 7d")->capture_default_str();
  history->add_option("--grain", said->request.grain, "steps: 1m, 5m, 15m, 1h, 6h, 1d, 7d, 28d; default: the finest there is room for");
  history->add_option("--measure", said->request.measure, "what of it")->check(CLI::IsMember(history_measures()))->capture_default_str();
  add_past(*history, line);
  history->callback([&line, said, history] {
    if (!history->get_subcommands().empty()) return;
    const auto since_ms = parse_duration_ms(said->since);
    if (!since_ms) throw CLI::ValidationError("--since", since_ms.error().what);
    said->request.since_ms = *since_ms;
    line.command = [&line, said](const Screen& screen) {
      return show_history(line.connection, screen, said->request, SystemClock().unix_ms());
    };
  });
}

}  // namespace capmap
