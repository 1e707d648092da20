// capmap-fleet: simulates any number of agents with real shapes against a real controller.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>

#include "common/csv.hpp"
#include "common/join_token.hpp"
#include "tests/fleet/children.hpp"
#include "tests/fleet/fleet.hpp"
#include "tests/fleet/join_storm.hpp"
#include "tests/fleet/live.hpp"

namespace {

using namespace capmap;

int fail(const Error& error) {
  std::fprintf(stderr, "capmap-fleet: %s\n", error.what.c_str());
  return 1;
}

struct Line {
  fleet::FleetOptions options;
  std::string token, sites, children, keys_file, to, live, preset = "mix";
  std::uint16_t next_port = 0;
  std::uint32_t child_churn = 0, child_restart_s = 0, key_max_age_s = 0;
  std::uint32_t nodes = 0;  ///< of the whole plan; 0 = as many as agents
  bool print_sites = false, at_once = false;
  std::uint32_t addresses = 0;
};

void print_sites(const fleet::Plan& plan) {
  std::vector<std::uint32_t> nodes(plan.sites.size());
  for (const auto site : plan.site_of) ++nodes[site];
  std::puts("name,region,compute_class,nodes");
  for (std::size_t i = 0; i < plan.sites.size(); ++i) {
    const auto& site = plan.sites[i];
    std::printf("%s,%s,%s,%u\n", site.name.c_str(), site.region.c_str(), site.compute_class.c_str(), nodes[i]);
  }
}

/// What the plan adds up to, beside what it was made from.
void print_national(const fleet::Plan& plan) {
  const auto totals = fleet::totals_of(plan);
  const double scale = static_cast<double>(totals.fp32_mflops) / 1e12 / fleet::kPublishedEflops;
  std::printf("national nodes=%zu scale=1/%.4f sites=%zu divisions=%zu hardware_rows=%zu cells=%zu\n", plan.site_of.size(), 1 / scale,
              plan.sites.size(), totals.divisions, totals.machines_used, totals.cells);
  std::printf(
      "at full scale: %.3f EFLOPS (FP32 nominal; the published figure states no basis), %.3f of them intelligent; %.3f EB, %.3f %% flash\n",
      static_cast<double>(totals.fp32_mflops) / 1e12 / scale, static_cast<double>(totals.intelligent_fp32_mflops) / 1e12 / scale,
      static_cast<double>(totals.storage_bytes) / 1e18 / scale,
      100 * static_cast<double>(totals.flash_bytes) / static_cast<double>(totals.storage_bytes));
  std::fflush(stdout);
}

/// The token of each node's site, from a file with the columns name and token.
Result<std::vector<std::string>> tokens_of_sites(const Line& line, const fleet::Plan& plan) {
  std::ifstream in(line.sites);
  std::stringstream text;
  text << in.rdbuf();
  const auto table = parse_csv(line.sites, text.str());
  if (!table) return table.error();
  if (table->header != std::vector<std::string>{"name", "token"}) {
    return Error{ErrorCode::kMalformed, line.sites + ": its columns must be name,token"};
  }
  std::map<std::string, std::string> by_name;
  for (const auto& row : table->rows) by_name[row.cells[0]] = row.cells[1];
  std::vector<std::string> tokens;
  for (std::uint32_t i = 0; i < line.options.agents; ++i) {
    const auto& site = plan.sites[plan.site_of[line.options.first + i]].name;
    if (!by_name.contains(site)) return Error{ErrorCode::kAbsent, line.sites + ": has no token for site " + site};
    tokens.push_back(by_name[site]);
  }
  return tokens;
}

/// As a child controller a division, from a file name,token with the id of each site and the token of each division.
Result<Done> run_as_children(const Line& line, const fleet::Plan& plan) {
  std::ifstream in(line.children);
  std::stringstream text;
  text << in.rdbuf();
  const auto table = parse_csv(line.children, text.str());
  if (!table) return table.error();
  std::map<std::string, std::string> by_name;
  std::vector<fleet::Division> divisions;
  for (const auto& row : table->rows) {
    by_name[row.cells[0]] = row.cells[1];
    if (row.cells[1].starts_with("cmt1.")) divisions.push_back({.code = row.cells[0], .token = row.cells[1]});
  }
  if (divisions.empty()) return Error{ErrorCode::kAbsent, line.children + ": holds no token of a division"};
  std::vector<SiteId> site_ids;
  for (const auto& site : plan.sites) {
    const auto id = parse_id<SiteId>(by_name[site.name]);
    if (!id) return Error{ErrorCode::kAbsent, line.children + ": has no id of site " + site.name};
    site_ids.push_back(*id);
  }
  const auto token = parse_join_token(divisions.front().token);
  if (!token) return token.error();
  return fleet::run_children({.seed = line.options.seed,
                              .controller = tcp_endpoint(token->host, token->message_port),
                              .server_public_key = token->server_public_key,
                              .truth = line.options.truth,
                              .quiet_after_s = line.options.quiet_after_s,
                              .seconds = line.options.seconds,
                              .loss_permille = line.options.faults.loss_permille,
                              .duplicate_permille = line.options.faults.duplicate_permille,
                              .churn_permille = line.child_churn,
                              .states = line.live,
                              .key_max_age_s = line.key_max_age_s,
                              .next_port = line.next_port,
                              .restart_every_s = line.child_restart_s},
                             plan, site_ids, divisions);
}

/// Keys of an earlier run where the file is there, else by joining.
Result<std::vector<CurveKeys>> keys_for(const std::vector<std::string>& tokens, const Line& line) {
  const auto& file = line.keys_file;
  const auto first = line.options.first;
  const bool kept = !file.empty() && access(file.c_str(), F_OK) == 0;
  auto keys = kept           ? fleet::load_keys(file)
              : line.at_once ? fleet::join_at_once(tokens, first, line.addresses)
                             : fleet::join_all(tokens, first);
  if (!keys) return keys;
  if (keys->size() < tokens.size()) return Error{ErrorCode::kMalformed, file + ": holds fewer keys than there are agents"};
  if (!kept && !file.empty()) {
    if (auto saved = fleet::save_keys(file, *keys); !saved) return saved.error();
  }
  return keys;
}

void add_faults(CLI::App& app, fleet::Faults& faults) {
  const auto permille = CLI::Range(0, 1000);
  app.add_option("--loss", faults.loss_permille, "messages of a thousand that are lost")->check(permille);
  app.add_option("--duplicate", faults.duplicate_permille, "messages of a thousand that are sent twice")->check(permille);
  app.add_option("--delay", faults.delay_ms, "each message waits up to so many ms, so they overtake each other")
      ->check(CLI::Range(0, 60'000));
  app.add_option("--churn", faults.churn_permille, "agents of a thousand that stop each second, to come back within 20 s")->check(permille);
  app.add_option("--floods", faults.floods, "agents that send each message 1,000 times");
  app.add_option("--clones", faults.clones, "agents whose key a second one has too");
  app.add_option("--replays", faults.replays, "agents whose last messages are sent again ten times a second");
  app.add_option("--liars", faults.liars, "servers that say what cannot be");
  app.add_option("--shape-liars", faults.shape_liars, "servers whose hardware cannot be: 2^63 bytes, 1 EFLOPS");
  app.add_option("--flippers", faults.flippers, "agents that change their shape every 5 s");
  app.add_option("--futures", faults.futures, "servers whose clock is a year ahead");
}

void add_options(CLI::App& app, Line& line) {
  auto& options = line.options;
  app.add_option("--join", line.token, "join token of one site for all; names the controller too");
  app.add_option("--sites", line.sites, "CSV file name,token: each server joins with the token of its site");
  app.add_option("--children", line.children, "CSV file name,token: not agents, but a child controller a division with batches of --nodes");
  app.add_option("--child-churn", line.child_churn, "servers of a thousand of a child that leave, return, go stale or lost each interval")
      ->check(CLI::Range(0, 1000));
  app.add_option("--child-restart", line.child_restart_s, "seconds after which each child begins a new run, again and again");
  app.add_option("--preset", line.preset, "mix (three machines), equal (one machine), national (published totals, scaled to --nodes)")
      ->check(CLI::IsMember({"mix", "equal", "national"}));
  app.add_option("--nodes", line.nodes, "of the whole plan; default: as many as --first and --agents need")
      ->check(CLI::Range(1, 20'000'000));
  app.add_option("--agents", options.agents, "how many of them this process is")->check(CLI::Range(1, 1'000'000));
  app.add_option("--first", options.first, "from which node of the plan on");
  app.add_option("--seed", options.seed, "the same seed gives the same fleet");
  app.add_option("--seconds", options.seconds, "how long; 0 until SIGTERM");
  app.add_option("--report-every", options.report_every_s, "seconds between report lines; 0 only at the end");
  app.add_option("--keys-file", line.keys_file, "keeps the keys between runs, so that a restarted fleet joins no second time");
  auto* at_once = app.add_flag("--at-once", line.at_once, "all ask to join at the same moment, and again as real agents do");
  app.add_option("--addresses", line.addresses, "with --at-once: from so many addresses, 127.1.0.1 on; 0 = one")
      ->check(CLI::Range(0, 60'000))
      ->needs(at_once);
  app.add_option(
      "--live", line.live,
      "folder of state folders: each agent is the uplink of the real one, which changes its key and follows the server's; no faults. "
      "With --children: of theirs, so that they do the same");
  app.add_option("--key-max-age", line.key_max_age_s, "with --live: keys are changed when they are so many seconds old; 0 = when asked to");
  app.add_option("--next-port", line.next_port, "with --live: the controller's other port; default two above the message port");
  app.add_option("--to", line.to, "message port instead of the token's: tcp://host:port, with the same server key");
  app.add_flag("--any-ack", options.any_ack, "take every ack as the agent's own, from a peer that answers all alike");
  app.add_flag("--exact", options.exact, "tell every change of a reading, however small");
  app.add_option("--quiet-after", options.quiet_after_s,
                 "seconds (or SIGUSR1); then faults end, nothing changes, and `quiet` is printed once all is told");
  app.add_option("--truth", options.truth, "folder for machines.csv and nodes.FIRST.csv, written at the quiet point");
  app.add_flag("--print-sites", line.print_sites, "print the plan's sites as CSV and end");
}

}  // namespace

int main(int argc, char** argv) {
  Line line;
  CLI::App app("capmap-fleet simulates agents, for capacity planning and tests", "capmap-fleet");
  app.set_version_flag("--version", "capmap-fleet " CAPMAP_VERSION);
  app.footer("example: capmap-fleet --join $(capmapctl token create --site lab --uses 1000 --quiet) --agents 1000 --keys-file fleet.keys");
  add_options(app, line);
  add_faults(app, line.options.faults);
  CLI11_PARSE(app, argc, argv);

  auto& options = line.options;
  const auto nodes = std::max(line.nodes, line.print_sites || !line.children.empty() ? line.nodes : options.first + options.agents);
  const auto plan = line.preset == "national" ? fleet::national_plan(nodes, options.seed)
                                              : fleet::small_plan(nodes, options.seed, line.preset == "equal");
  if (line.print_sites) {
    print_sites(plan);
    return 0;
  }
  if (line.preset == "national") print_national(plan);
  if (!line.children.empty()) {
    const auto ran = run_as_children(line, plan);
    return ran ? 0 : fail(ran.error());
  }
  if (!line.live.empty()) {
    const auto ran = fleet::run_live({.first = options.first,
                                      .agents = options.agents,
                                      .seed = options.seed,
                                      .seconds = options.seconds,
                                      .token = line.token,
                                      .states = line.live,
                                      .key_max_age_s = line.key_max_age_s,
                                      .next_port = line.next_port},
                                     plan);
    return ran ? 0 : fail(ran.error());
  }
  auto tokens = line.sites.empty() ? Result<std::vector<std::string>>(std::vector<std::string>(options.agents, line.token))
                                   : tokens_of_sites(line, plan);
  if (!tokens) return fail(tokens.error());
  const auto parsed = parse_join_token(tokens->front());
  if (!parsed) return fail(parsed.error());
  options.controller = line.to.empty() ? tcp_endpoint(parsed->host, parsed->message_port) : line.to;
  options.server_public_key = parsed->server_public_key;
  const auto keys = keys_for(*tokens, line);
  if (!keys) return fail(keys.error());
  std::printf("joined agents=%zu\n", keys->size());
  std::fflush(stdout);
  const auto ran = fleet::run_fleet(options, plan, *keys);
  return ran ? 0 : fail(ran.error());
}
