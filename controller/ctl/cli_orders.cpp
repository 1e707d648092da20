// What the command line says of whole sites and pools, of where nodes stand, and of nodes that should be looked at.
#include <CLI/CLI.hpp>
#include <array>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/node_notes.hpp"
#include "controller/ctl/orders.hpp"

namespace capmap {
namespace {

/// drain, undrain and maintenance of what `parent` is about.
void add_group_orders(CLI::App& parent, Line& line, bool pool) {
  const std::string what = pool ? "pool" : "site", example = std::string("  capmapctl ") + (pool ? "pools " : "sites ");
  for (const auto& [name, state, text] :
       std::initializer_list<std::array<const char*, 3>>{{"drain", "draining", "take no new work: "},
                                                         {"undrain", "in_service", "back into service: "},
                                                         {"maintenance", "maintenance", "is worked on: "}}) {
    auto* command = add_command(parent, name, (text + std::string("a whole ") + what + ", with nodes that come later").c_str(),
                                example + name + (pool ? " batch --site beijing-1" : " beijing-1") +
                                    (std::string_view(name) == "undrain" ? "" : " --reason 'power works' --until 2026-12-01T06:00:00Z"));
    const auto order = std::make_shared<GroupOrder>();
    order->pool = pool;
    command->add_option(pool ? "POOL" : "SITE", order->name, pool ? "p-… id, or a name that one pool alone has" : "name or s-… id")
        ->required();
    if (pool) command->add_option("--site", order->at, "site of a pool that is told by its name");
    if (std::string_view(name) != "undrain") {
      command->add_option("--reason", order->order.reason, "why, for people");
      command->add_option("--from", order->order.from, "from when on, as 2026-11-22T21:00:00Z; default: now");
      command->add_option("--until", order->order.until, "until when; default: until told otherwise");
    }
    command->callback([&line, order, word = state] {
      order->order.state = word;
      line.command = [&line, order](const Screen& screen) { return order_group(line.connection, screen, *order); };
    });
  }
}

void add_pools(CLI::App& app, Line& line) {
  auto* pools =
      add_command(app, "pools", "groups of nodes within a site", "  capmapctl pools list\n  capmapctl pools drain batch --site beijing-1");
  pools->require_subcommand(1);
  add_command(*pools, "list", "all pools, and what is ordered of them", "  capmapctl pools list")->callback([&line] {
    line.command = [&line](const Screen& screen) { return list_pools(line.connection, screen); };
  });
  auto* add =
      add_command(*pools, "add", "declare a pool of a site", "  capmapctl pools add batch --site beijing-1 --compute-class intelligent");
  const auto name = std::make_shared<std::array<std::string, 3>>();
  add->add_option("NAME", (*name)[0], "for people; unique within the site")->required();
  add->add_option("--site", (*name)[1], "name or s-… id")->required();
  add->add_option("--compute-class", (*name)[2], "general, intelligent, super, edge; default: the site's");
  add->callback([&line, name] {
    line.command = [&line, name](const Screen& screen) { return add_pool(line.connection, screen, (*name)[1], (*name)[0], (*name)[2]); };
  });
  add_group_orders(*pools, line, true);
}

void add_moves(CLI::App& nodes, Line& line) {
  auto* move = add_command(nodes, "move", "a node stands at another site now, or in another pool",
                           "  capmapctl nodes move gpu-17 --site beijing-2 --pool batch");
  const auto to = std::make_shared<NodeMove>();
  move->add_option("NODE", to->node, "n-… id, or a host name that one node alone has")->required();
  move->add_option("--site", to->site, "name or s-… id")->required();
  move->add_option("--pool", to->pool, "a pool of that site; default: none");
  move->callback([&line, to] { line.command = [&line, to](const Screen& screen) { return move_node(line.connection, screen, *to); }; });
  auto* label = add_command(nodes, "label", "labels beside those of its agent, over them where both have one: in filters and groups",
                            "  capmapctl nodes label gpu-17 rack=r12 contract=2026-3\n  capmapctl nodes label gpu-17 rack=");
  const auto node = std::make_shared<std::string>();
  const auto labels = std::make_shared<std::vector<std::string>>();
  label->add_option("NODE", *node, "n-… id, or a host name that one node alone has")->required();
  label->add_option("LABEL", *labels, "KEY=VALUE; KEY= takes it back")->required();
  label->callback([&line, node, labels] {
    line.command = [&line, node, labels](const Screen& screen) { return label_node(line.connection, screen, *node, *labels); };
  });
}

CLI::App* add_noted(CLI::App& nodes, Line& line, const char* name, const char* what, const char* example,
                    const std::shared_ptr<NotedQuestion>& question) {
  auto* command = add_command(nodes, name, what, example);
  if (question->kind != NotedQuestion::Kind::kVersions)
    command->add_option("--site", question->site, "only nodes of this site: name or s-… id");
  command->add_option("--filter", question->filter, "only what fulfils a condition, as of map; see capmapctl(1)");
  command->add_flag("--csv", question->csv, "a table for spreadsheets instead (RFC 4180)");
  command->callback([&line, question] {
    if (question->csv && line.json) throw CLI::ValidationError("--csv", "is one form, --json another");
    line.command = [&line, question](const Screen& screen) { return list_noted(line.connection, screen, *question); };
  });
  return command;
}

void add_notes(CLI::App& nodes, Line& line) {
  using Kind = NotedQuestion::Kind;
  const auto of = [](Kind kind) {
    auto question = std::make_shared<NotedQuestion>();
    question->kind = kind;
    return question;
  };
  add_noted(nodes, line, "versions", "versions of agents, systems and kernels, and how many nodes run each",
            "  capmapctl nodes versions\n  capmapctl nodes versions --csv", of(Kind::kVersions));
  const auto flapping = of(Kind::kFlapping);
  auto* flaps = add_noted(nodes, line, "flapping", "nodes that are no longer heard and come back, again and again",
                          "  capmapctl nodes flapping\n  capmapctl nodes flapping --times 2 --window 86400", flapping);
  flaps->add_option("--times", flapping->times, "so often at least")->check(CLI::Range(1, 16))->capture_default_str();
  flaps->add_option("--window", flapping->window_s, "within so many seconds up to now")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  const auto losing = of(Kind::kLostUpdates);
  add_noted(nodes, line, "lost-updates", "nodes whose messages were sent and did not come, of their last 128",
            "  capmapctl nodes lost-updates\n  capmapctl nodes lost-updates --least 10", losing)
      ->add_option("--least", losing->least, "so many of the last 128")
      ->check(CLI::Range(1, 128))
      ->capture_default_str();
  const auto skew = of(Kind::kSkew);
  add_noted(nodes, line, "skew", "nodes whose clock differs from the controller's, as of their last hello",
            "  capmapctl nodes skew\n  capmapctl nodes skew --least-ms 60000", skew)
      ->add_option("--least-ms", skew->least_ms, "by so many milliseconds")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000'000}))
      ->capture_default_str();
}

}  // namespace

void add_orders(CLI::App& app, Line& line) {
  add_group_orders(*app.get_subcommand("sites"), line, false);
  add_pools(app, line);
  add_moves(*app.get_subcommand("nodes"), line);
  add_notes(*app.get_subcommand("nodes"), line);
}

}  // namespace capmap
