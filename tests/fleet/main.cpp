// capmap-fleet: simulates any number of agents with real shapes against a real controller.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "common/join_token.hpp"
#include "tests/fleet/fleet.hpp"

namespace {

using namespace capmap;

int fail(const Error& error) {
  std::fprintf(stderr, "capmap-fleet: %s\n", error.what.c_str());
  return 1;
}

/// Keys of an earlier run where the file is there, else by joining.
Result<std::vector<CurveKeys>> keys_for(const std::string& token, const std::string& file, std::uint32_t agents) {
  const bool kept = !file.empty() && access(file.c_str(), F_OK) == 0;
  auto keys = kept ? fleet::load_keys(file) : fleet::join_all(token, agents);
  if (!keys) return keys;
  if (keys->size() < agents) return Error{ErrorCode::kMalformed, file + ": holds fewer keys than there are agents"};
  if (!kept && !file.empty()) {
    if (auto saved = fleet::save_keys(file, *keys); !saved) return saved.error();
  }
  return keys;
}

}  // namespace

int main(int argc, char** argv) {
  fleet::FleetOptions options;
  std::string token, keys_file, to;
  CLI::App app("capmap-fleet simulates agents, for capacity planning and tests", "capmap-fleet");
  app.footer("example: capmap-fleet --join $(capmapctl token create --site lab --uses 1000 --quiet) --agents 1000 --keys-file fleet.keys");
  app.add_option("--join", token, "join token; names the controller too")->required();
  app.add_option("--agents", options.agents, "how many")->check(CLI::Range(1, 1'000'000));
  app.add_option("--seed", options.seed, "the same seed gives the same fleet");
  app.add_option("--seconds", options.seconds, "how long; 0 until SIGTERM");
  app.add_option("--report-every", options.report_every_s, "seconds between report lines; 0 only at the end");
  app.add_option("--loss", options.loss_permille, "messages of a thousand that are lost")->check(CLI::Range(0, 1000));
  app.add_option("--keys-file", keys_file, "keeps the keys between runs, so that a restarted fleet joins no second time");
  app.add_option("--to", to, "message port instead of the token's: tcp://host:port, with the same server key");
  app.add_flag("--any-ack", options.any_ack, "take every ack as the agent's own, from a peer that answers all alike");
  CLI11_PARSE(app, argc, argv);

  const auto parsed = parse_join_token(token);
  if (!parsed) return fail(parsed.error());
  options.controller = to.empty() ? tcp_endpoint(parsed->host, parsed->message_port) : to;
  options.server_public_key = parsed->server_public_key;
  const auto keys = keys_for(token, keys_file, options.agents);
  if (!keys) return fail(keys.error());
  std::printf("joined agents=%zu\n", keys->size());
  std::fflush(stdout);
  const auto ran = fleet::run_fleet(options, *keys);
  return ran ? 0 : fail(ran.error());
}
