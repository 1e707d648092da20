#include "controller/ctl/clones.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/http_client.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {

std::string clones_text(const ApiJson& answer, const TableLook& look) {
  using enum TextTable::Align;
  TextTable table({{"NODE", kLeft, true}, {"SITE", kLeft}, {"RUN", kLeft, true}, {"HOSTNAME", kLeft}, {"LAST HEARD", kLeft, true}});
  const ApiJson& clones = list_at(answer, "clones");
  for (const ApiJson& clone : clones) {
    for (const ApiJson& run : list_at(clone, "runs")) {
      const bool refused = flag_at(run, "refused");
      table.add({text_at(clone, "node").value_or("unknown"), text_at(object_at(clone, "site"), "name").value_or("unknown"),
                 text_at(run, "run").value_or("unknown") + (refused ? " (refused)" : ""), text_at(run, "hostname").value_or("unknown"),
                 text_at(run, "last_heard").value_or("unknown")});
    }
  }
  return table.text(look) + plural(clones.size(), "node") + " out of totals because the key speaks from two places" +
         (clones.empty() ? "\n" : "; capmapctl nodes clones settle NODE --keep RUN, or --revoke\n");
}

Result<Done> list_clones(const ApiConnection& connection, const Screen& screen) {
  const auto answer = api_get(connection, "/v1/clones");
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : clones_text(*answer, screen.look));
  return Done{};
}

Result<Done> settle_clone(const ApiConnection& connection, const Screen& screen, const CloneSettlement& settlement) {
  const auto path = node_path(connection, settlement.node);
  if (!path) return path.error();
  ApiJson body = ApiJson::object();
  if (settlement.revoke) body["revoke"] = true;
  if (!settlement.keep.empty()) body["keep"] = settlement.keep;
  const auto id = path->substr(path->rfind('/') + 1);
  const auto answer = api_post(connection, "/v1/clones/" + id, body);
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else if (settlement.revoke) {
    screen.out << id << ": its key is refused now; the machines join anew with capmap-agent join --new-key\n";
  } else {
    screen.out << id << ": run " << settlement.keep << " is the node and counts again; the others are refused\n";
  }
  return Done{};
}

}  // namespace capmap
