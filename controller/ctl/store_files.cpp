#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/store/backup.hpp"

namespace capmap {
namespace {

constexpr std::size_t kLabel = 18;

/// One line that counts up, on a terminal alone.
CopyProgress progress_on(const Screen& screen) {
  if (!screen.terminal || screen.json) return {};
  return [&out = screen.out](std::uint64_t done, std::uint64_t all) {
    out << "\r" << (all == 0 ? 100 : done * 100 / all) << " % of " << memory_text(WideAmount{all} * 4'096) << "   " << std::flush;
    if (done == all) out << "\r\x1b[K" << std::flush;
  };
}

ApiJson facts_json(const StoreFacts& facts) {
  return {{"version", facts.version}, {"generation", facts.generation}, {"sites", facts.sites},
          {"nodes", facts.nodes},     {"shapes", facts.shapes},         {"tokens", facts.tokens}};
}

void print(const Screen& screen, const char* what, const std::string& file, const StoreFacts& facts, const std::string& kept_as) {
  if (screen.json) {
    ApiJson answer = {{"file", file}};
    answer.update(facts_json(facts));
    if (!kept_as.empty()) answer["replaced"] = kept_as;
    screen.out << answer.dump() << "\n";
    return;
  }
  screen.out << labelled(what, file, kLabel) << labelled("holds", plural(facts.nodes, "node") + ", " + plural(facts.sites, "site"), kLabel)
             << labelled("generation", std::to_string(facts.generation) + ", tables of version " + std::to_string(facts.version), kLabel);
  if (!kept_as.empty()) screen.out << labelled("replaced one", kept_as, kLabel);
}

}  // namespace

Result<Done> back_up_store(const ApiConnection& connection, const Screen& screen, const std::string& file) {
  const auto facts = back_up(connection.state, file, progress_on(screen));
  if (!facts) return facts.error();
  print(screen, "backup", file, *facts, {});
  return Done{};
}

Result<Done> restore_store_from(const ApiConnection& connection, const Screen& screen, const std::string& file) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_unix_ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  const auto restored = restore_store(connection.state, file, now_unix_ms, progress_on(screen));
  if (!restored) return restored.error();
  print(screen, "restored from", file, restored->facts, restored->kept_as);
  if (!screen.json) {
    screen.out << labelled("as it is now", "the server's keys, and what was revoked of nodes' keys (revoked.keys)", kLabel)
               << labelled("as it was then", "tokens, users, API tokens: revoke or change again what was since", kLabel);
  }
  return Done{};
}

Result<Done> check_store(const ApiConnection& connection, const Screen& screen, const std::string& file) {
  const std::string looked_at = file.empty() ? connection.state + "/store.db" : file;
  const auto facts = check_store_file(looked_at);
  if (!facts) return facts.error();
  print(screen, "whole", looked_at, *facts, {});
  return Done{};
}

}  // namespace capmap
