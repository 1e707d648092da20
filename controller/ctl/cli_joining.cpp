// What the command line says of who may join, and of keys.
#include <CLI/CLI.hpp>
#include <memory>

#include "common/clock.hpp"
#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/joining.hpp"

namespace capmap {
namespace {

std::uint64_t end_or_throw(const char* option, const std::string& text) {
  const auto end = parse_end(text, SystemClock().unix_ms());
  if (!end) throw CLI::ValidationError(option, end.error().what);
  return *end;
}

}  // namespace

void add_token(CLI::App& app, Line& line) {
  auto* token = add_command(app, "token", "join tokens: what lets a server in", "  capmapctl token create --site beijing-1");
  token->require_subcommand(1);
  auto* create =
      add_command(*token, "create", "make a join token; it is shown once",
                  "  capmapctl token create --site beijing-1\n"
                  "  capmapctl token create --site beijing-1 --pool gpu --uses 500 --expires 7d --from 10.20.0.0/16 --name rollout\n"
                  "  capmapctl token create --site beijing-1 --uses 50 --approve manual\n"
                  "  capmap-agent join \"$(capmapctl token create --site lab --quiet)\"");
  auto* site = create->add_option("--site", line.token.site, "name or s-… id of the site the servers belong to");
  auto* child = create->add_option("--child-sites", line.token.child_sites, "lets child controllers in, to speak for these sites: a,b,c");
  site->excludes(child);
  create->add_option("--pool", line.token.pool, "pool of the site that the servers are put into: name or p-… id");
  create->add_option("--uses", line.token.uses, "how many servers it lets in")->capture_default_str();
  create->add_option("--expires", line.expires, "how long it works: 90s, 30m, 24h, 7d; or until when: 2026-12-01")->capture_default_str();
  create->add_option("--from", line.token.from, "it works from these addresses alone: 10.20.0.0/16,2001:db8::/32");
  create->add_option("--approve", line.token.approve, "manual: each waits until it is approved, see nodes pending")
      ->check(CLI::IsMember({"auto", "manual"}))
      ->capture_default_str();
  create->add_option("--name", line.token.name, "what the token is called in lists");
  create->add_flag("-q,--quiet", line.token.quiet, "print the token alone");
  create->callback([&line] {
    if (line.token.site.empty() && line.token.child_sites.empty()) throw CLI::RequiredError("--site");
    const auto now = SystemClock().unix_ms();
    const auto end = parse_end(line.expires, now);
    if (!end) throw CLI::ValidationError("--expires", end.error().what);
    line.token.lifetime_ms = *end - now;
    line.command = [&line](const Screen& screen) { return create_token(line.connection, screen, line.token); };
  });
  add_command(*token, "list", "all tokens, without their secrets", "  capmapctl token list")->callback([&line] {
    line.command = [&line](const Screen& screen) { return list_tokens(line.connection, screen); };
  });
  auto* revoke = add_command(*token, "revoke", "a token lets nobody in any more; whom it let in stays", "  capmapctl token revoke rollout");
  auto named = std::make_shared<std::string>();
  revoke->add_option("TOKEN", *named, "its name, or its id as token list shows it")->required();
  revoke->callback(
      [&line, named] { line.command = [&line, named](const Screen& screen) { return revoke_token(line.connection, screen, *named); }; });
}

void add_pending(CLI::App& nodes, Line& line) {
  struct Said {
    std::vector<std::string> ids;
    std::string from, until, site;
    std::uint64_t rule = 0;
  };
  auto said = std::make_shared<Said>();
  add_command(nodes, "pending", "machines that wait to be let in, and the rules that approve by themselves", "  capmapctl nodes pending")
      ->callback([&line] { line.command = [&line](const Screen& screen) { return list_pending(line.connection, screen); }; });
  auto* approve = add_command(nodes, "approve", "let in who waits: by id, or by a rule on addresses",
                              "  capmapctl nodes approve n-abcdefghijklmnopqrstuvwxya\n"
                              "  capmapctl nodes approve --from 10.20.0.0/16 --until 7d --site beijing-1");
  auto* ids = approve->add_option("ID", said->ids, "as nodes pending shows them");
  auto* from = approve->add_option("--from", said->from, "whoever asks from these addresses, now and later: 10.20.0.0/16")->excludes(ids);
  approve->add_option("--until", said->until, "when the rule ends: 7d, 2026-12-01")->needs(from);
  approve->add_option("--site", said->site, "the rule holds for this site alone")->needs(from);
  approve->callback([&line, said] {
    if (said->ids.empty() && said->from.empty()) throw CLI::RequiredError("ID, or --from and --until");
    if (!said->from.empty() && said->until.empty()) throw CLI::RequiredError("--until");
    const auto until = said->from.empty() ? 0 : end_or_throw("--until", said->until);
    line.command = [&line, said, until](const Screen& screen) {
      if (said->from.empty()) return decide_pending(line.connection, screen, said->ids, true);
      return add_rule(line.connection, screen, {.from = said->from, .site = said->site, .until_unix_ms = until});
    };
  });
  auto* reject = add_command(nodes, "reject", "refuse who waits, for a week; or end a rule",
                             "  capmapctl nodes reject n-abcdefghijklmnopqrstuvwxya\n  capmapctl nodes reject --rule 3");
  auto* rejected = reject->add_option("ID", said->ids, "as nodes pending shows them");
  reject->add_option("--rule", said->rule, "number of the rule, as nodes pending shows it")->excludes(rejected);
  reject->callback([&line, said] {
    if (said->ids.empty() && said->rule == 0) throw CLI::RequiredError("ID, or --rule");
    line.command = [&line, said](const Screen& screen) {
      if (said->rule != 0) return remove_rule(line.connection, screen, said->rule);
      return decide_pending(line.connection, screen, said->ids, false);
    };
  });
}

void add_keys(CLI::App& app, Line& line) {
  auto* keys = add_command(app, "keys", "keys of nodes, child controllers and the server itself",
                           "  capmapctl keys list\n  capmapctl keys revoke gpu-17");
  keys->require_subcommand(1);
  add_command(*keys, "list", "the server's keys and who knows them, and keys that are never let in again", "  capmapctl keys list")
      ->callback([&line] { line.command = [&line](const Screen& screen) { return list_keys(line.connection, screen); }; });
  auto whose = std::make_shared<std::string>();
  auto* rotate = add_command(*keys, "rotate",
                             "change keys while all stay on the map: of a node or child controller, of all connected, or the server's own",
                             "  capmapctl keys rotate gpu-17\n  capmapctl keys rotate --all\n"
                             "  capmapctl keys rotate --server\n  capmapctl keys rotate --server --finish");
  auto* node = rotate->add_option("NODE", *whose, "n-… id, a host name that one node alone has, or the c-… id of a child controller");
  rotate->add_flag("--all", line.all, "all that are connected now")->excludes(node);
  struct Server {
    bool wanted = false, finish = false, force = false;
  };
  auto server = std::make_shared<Server>();
  auto* own = rotate->add_flag("--server", server->wanted, "the server's own key: the next one is served beside it, and agents learn it");
  own->excludes(node);
  auto* finish = rotate->add_flag("--finish", server->finish, "the two keys change roles; later: the old one is let go")->needs(own);
  rotate->add_flag("--force", server->force, "although some that report do not know the next key, or the old one's time is not over")
      ->needs(finish);
  rotate->callback([&line, whose, server] {
    if (server->wanted && line.all) throw CLI::ExcludesError("--server", "--all");
    if (server->wanted) {
      line.command = [&line, server](const Screen& screen) {
        return rotate_server_key(line.connection, screen, server->finish, server->force);
      };
      return;
    }
    if (whose->empty() && !line.all) throw CLI::RequiredError("NODE, --all, or --server");
    line.command = [&line, whose](const Screen& screen) { return rotate_keys(line.connection, screen, *whose, line.all); };
  });
  auto said = std::make_shared<std::pair<std::string, std::string>>();
  auto* revoke = add_command(*keys, "revoke", "never let a key in again: its connection ends at once, its owner leaves the map",
                             "  capmapctl keys revoke gpu-17 --reason 'stolen disk'");
  revoke->add_option("WHOSE", said->first, "n-… id or host name of a node, c-… id of a child controller, or the key itself")->required();
  revoke->add_option("--reason", said->second, "why, for people");
  revoke->callback([&line, said] {
    line.command = [&line, said](const Screen& screen) { return revoke_key(line.connection, screen, said->first, said->second); };
  });
}

}  // namespace capmap
