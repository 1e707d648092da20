// What the command line says of who may ask for what.
#include <CLI/CLI.hpp>
#include <memory>

#include "common/clock.hpp"
#include "controller/ctl/access.hpp"
#include "controller/ctl/cli_line.hpp"

namespace capmap {
namespace {

constexpr const char* kRoles = "viewer reads, operator changes what stands at sites, admin does all";

using UserCommand = Result<Done> (*)(const ApiConnection&, const Screen&, const UserRequest&);

void add_user_options(CLI::App& command, UserRequest& request) {
  command.add_option("NAME", request.name, "a-z 0-9 . _ @ -")->required();
  command.add_option("--role", request.role, kRoles)->check(CLI::IsMember({"viewer", "operator", "admin"}));
  command.add_option("--regions", request.regions, "only sites of these regions: 11,3205");
  command.add_option("--sites", request.sites, "only these sites: names or s-… ids, commas between");
  command.add_flag("--password", request.password, "ask for a password, or read it from the standard input");
  command.add_option("--expires", request.expires, "how long they may ask: 90d, 24h, never");
}

void set_user(CLI::App& command, Line& line, const std::shared_ptr<UserRequest>& request, UserCommand carry_out) {
  command.callback([&line, &command, request, carry_out] {
    const auto has = [&command](const char* flag) { return command.get_option_no_throw(flag) != nullptr && command.count(flag) > 0; };
    request->scope_changes = has("--regions") || has("--sites");
    line.command = [&line, request, carry_out](const Screen& screen) { return carry_out(line.connection, screen, *request); };
  });
}

void add_token_commands(CLI::App& users, Line& line) {
  auto* token = add_command(users, "token", "API tokens: how programs ask", "  capmapctl users token create li --label cron --expires 90d");
  token->require_subcommand(1);
  const auto request = std::make_shared<ApiTokenRequest>();
  auto* create = add_command(*token, "create", "make an API token of a user; it is shown once",
                             "  capmapctl users token create li\n"
                             "  capmapctl users token create li --role viewer --regions 11 --label dashboard --expires 365d");
  create->add_option("USER", request->user, "whose; it may what they may, at most")->required();
  create->add_option("--role", request->role, kRoles)->check(CLI::IsMember({"viewer", "operator", "admin"}));
  create->add_option("--regions", request->regions, "only sites of these regions: 11,3205");
  create->add_option("--sites", request->sites, "only these sites: names or s-… ids, commas between");
  create->add_option("--label", request->label, "what it is for");
  create->add_option("--expires", request->expires, "how long it works: 90d, 24h, never")->default_str("never");
  create->add_flag("-q,--quiet", request->quiet, "print the token alone");
  create->callback([&line, request] {
    line.command = [&line, request](const Screen& screen) { return make_api_token(line.connection, screen, *request); };
  });
  auto* list = add_command(*token, "list", "API tokens; one's own where one is no admin",
                           "  capmapctl users token list\n  capmapctl users token list li");
  list->add_option("USER", request->user, "of this user alone");
  list->callback([&line, request] {
    line.command = [&line, request](const Screen& screen) { return list_api_tokens(line.connection, screen, request->user); };
  });
  auto* revoke = add_command(*token, "revoke", "end an API token at once", "  capmapctl users token revoke 1f0c9a7be2d34455");
  revoke->add_option("ID", request->id, "as list shows it")->required();
  revoke->callback([&line, request] {
    line.command = [&line, request](const Screen& screen) { return revoke_api_token(line.connection, screen, request->id); };
  });
}

void add_users(CLI::App& app, Line& line) {
  auto* users = add_command(app, "users", "who may ask this controller for what",
                            "  capmapctl users list\n  capmapctl users add li --role operator --regions 11 --password");
  users->require_subcommand(1);
  add_command(*users, "list", "all users", "  capmapctl users list")->callback([&line] {
    line.command = [&line](const Screen& screen) { return list_users(line.connection, screen); };
  });
  const auto request = std::make_shared<UserRequest>();
  auto* add = add_command(*users, "add", "let somebody ask",
                          "  capmapctl users add li --role viewer --password\n"
                          "  capmapctl users add ops-bj --role operator --regions 11 --expires 365d");
  add_user_options(*add, *request);
  add->get_option("--role")->required();
  set_user(*add, line, request, add_user);
  auto* edit = add_command(*users, "edit", "change what is named, and nothing else",
                           "  capmapctl users edit li --role operator --sites beijing-1,beijing-2\n"
                           "  capmapctl users edit li --everything\n"
                           "  capmapctl users edit li --enable --expires never");
  add_user_options(*edit, *request);
  edit->add_flag("--everything", request->everything, "no scope any more");
  edit->add_flag("--no-password", request->no_password, "no password does any more; tokens and a proxy may");
  edit->add_flag("--enable", request->enable, "let them ask again");
  set_user(*edit, line, request, edit_user);
  add_command(*users, "password",
              "change one's own password: the one that stands, then the new one; two lines of the standard input do too",
              "  capmapctl users password")
      ->callback([&line] { line.command = [&line](const Screen& screen) { return change_password(line.connection, screen); }; });
  auto* disable = add_command(*users, "disable", "let somebody ask no more, from this moment on", "  capmapctl users disable li");
  disable->add_option("NAME", request->name, "who")->required();
  disable->callback([&line, request] {
    request->disable = true;
    line.command = [&line, request](const Screen& screen) { return edit_user(line.connection, screen, *request); };
  });
  auto* remove = add_command(*users, "remove", "forget a user and all their API tokens", "  capmapctl users remove li --yes");
  remove->add_option("NAME", request->name, "who")->required();
  remove->add_flag("-y,--yes", request->yes, "do not ask");
  set_user(*remove, line, request, remove_user);
  add_token_commands(*users, line);
}

void add_login(CLI::App& app, Line& line) {
  const auto request = std::make_shared<ApiTokenRequest>();
  auto* login = add_command(app, "login", "show a password once, and ask with an API token from then on",
                            "  capmapctl --url https://map.example.org:8470 login li\n"
                            "  capmapctl --url https://map.example.org:8470 login li --expires 12h < password");
  login->add_option("USER", request->user, "who")->required();
  login->add_option("--expires", request->expires, "how long the token works; default 30d");
  login->callback(
      [&line, request] { line.command = [&line, request](const Screen& screen) { return log_in(line.connection, screen, *request); }; });
  add_command(app, "logout", "end the token of login", "  capmapctl logout")->callback([&line] {
    line.command = [&line](const Screen& screen) { return log_out(line.connection, screen); };
  });
  add_command(app, "whoami", "who the controller takes us for, and what we may", "  capmapctl whoami")->callback([&line] {
    line.command = [&line](const Screen& screen) { return show_whoami(line.connection, screen); };
  });
}

void add_audit(CLI::App& app, Line& line) {
  const auto request = std::make_shared<AuditRequest>();
  auto* audit =
      add_command(app, "audit", "who changed what, and who was refused; newest first",
                  "  capmapctl audit\n  capmapctl audit --since 7d --who li\n  capmapctl audit --what refused --limit 1000 --json");
  audit->add_option("--since", request->since, "from then on: 2026-11-22T21:00:00Z, 2026-11-22, or 3d ago");
  audit->add_option("--who", request->who, "of this user alone");
  audit->add_option("--what", request->what, "of this kind alone: site_added, user_changed, refused, ...");
  audit->add_option("--limit", request->limit, "most entries to show")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  audit->add_flag("--csv", request->csv, "a line an entry with its hash, for spreadsheets (RFC 4180)");
  auto* verify = add_command(*audit, "verify", "whether all entries are there as they were written; exit code 1 when not",
                             "  capmapctl audit verify\n  capmapctl audit verify --expect \"$(cat head-of-last-week)\"");
  verify->add_option("--expect", request->expect, "NUMBER:HASH, as an earlier check showed it");
  audit->callback([&line, audit, verify, request] {
    if (audit->got_subcommand("contradictions")) return;  // it has a command of its own
    if (request->csv && (line.json || verify->parsed()))
      throw CLI::ValidationError("--csv", "is one form of the entries, and --json another");
    if (!request->since.empty()) {
      const auto since = parse_moment("--since", request->since, SystemClock().unix_ms());
      if (!since) throw CLI::ValidationError("audit", since.error().what);
      request->since = *since;
    }
    line.command = [&line, checks = verify->parsed(), request](const Screen& screen) {
      return checks ? verify_audit(line.connection, screen, *request) : show_audit(line.connection, screen, *request);
    };
  });
}

void add_tls(CLI::App& app, Line& line) {
  auto* tls = add_command(app, "tls", "the certificate in the state folder of this machine", "  capmapctl tls fingerprint");
  tls->require_subcommand(1);
  const auto names = std::make_shared<std::vector<std::string>>();
  auto* make = add_command(*tls, "self-signed", "make a key and a certificate for it, and show its fingerprints",
                           "  capmapctl tls self-signed --name map.example.org --name 192.0.2.1");
  make->add_option("--name", *names, "name or address it is for, beside this machine's own");
  make->callback([&line, names] {
    line.offline = true;
    line.command = [&line, names](const Screen& screen) { return make_tls(line.connection, screen, *names); };
  });
  add_command(*tls, "fingerprint", "the fingerprints to trust it by", "  capmapctl tls fingerprint")->callback([&line] {
    line.offline = true;
    line.command = [&line](const Screen& screen) { return show_tls(line.connection, screen); };
  });
}

}  // namespace

void add_access(CLI::App& app, Line& line) {
  add_users(app, line);
  add_login(app, line);
  add_audit(app, line);
  add_tls(app, line);
}

}  // namespace capmap
