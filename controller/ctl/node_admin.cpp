#include <iostream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

/// Asks on the terminal; only the whole word yes is yes.
Result<Done> confirm(const Screen& screen, const std::string& node, const Json& shown) {
  if (!screen.terminal) return Error{ErrorCode::kDenied, "a node is removed for good: say --yes"};
  screen.out << "remove " << printable(text_at(shown, "hostname").value_or("the node")) << " (" << printable(node)
             << ") for good? Its key is refused from then on. Type yes: " << std::flush;
  std::string word;
  if (std::getline(std::cin, word) && word == "yes") return Done{};
  return Error{ErrorCode::kDenied, "nothing was removed"};
}

}  // namespace

Result<Done> order_service(const ApiConnection& connection, const Screen& screen, const std::string& id_or_hostname,
                           const ServiceRequest& request) {
  const auto path = node_path(connection, id_or_hostname);
  if (!path) return path.error();
  Json body = {{"state", request.state}};
  for (const auto& [name, text] :
       {std::pair{"reason", &request.reason}, std::pair{"from", &request.from}, std::pair{"until", &request.until}}) {
    if (!text->empty()) body[name] = *text;
  }
  const auto answer = api_post(connection, *path + "/service", body);
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
    return Done{};
  }
  const Json& service = object_at(*answer, "service");
  screen.out << printable(id_or_hostname) << " is " << printable(text_at(service, "state").value_or("unknown"));
  if (const auto from = text_at(service, "from")) screen.out << " from " << printable(*from);
  if (const auto until = text_at(service, "until")) screen.out << " until " << printable(*until);
  screen.out << "\n";
  return Done{};
}

Result<Done> remove_node(const ApiConnection& connection, const Screen& screen, const std::string& id_or_hostname, bool yes) {
  const auto path = node_path(connection, id_or_hostname);
  if (!path) return path.error();
  if (!yes) {
    const auto shown = api_get(connection, *path);
    if (!shown) return shown.error();
    if (auto sure = confirm(screen, text_at(*shown, "id").value_or(id_or_hostname), *shown); !sure) return sure;
  }
  const auto answer = api_delete(connection, *path);
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else {
    screen.out << "removed " << printable(text_at(*answer, "node").value_or(id_or_hostname))
               << "; its agent is refused until it joins anew\n";
  }
  return Done{};
}

}  // namespace capmap
