#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {

Result<Done> create_token(const ApiConnection& connection, const Screen& screen, const TokenRequest& request) {
  const bool child = !request.child_sites.empty();
  const auto answer = api_post(connection, "/v1/tokens",
                               {{child ? "child_sites" : "site", child ? request.child_sites : request.site},
                                {"uses", request.uses},
                                {"expires_in_s", request.lifetime_ms / 1'000}});
  if (!answer) return answer.error();
  const auto token = text_at(*answer, "token");
  if (!token) return Error{ErrorCode::kMalformed, "the controller's answer holds no token"};
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else if (request.quiet) {
    screen.out << printable(*token) << "\n";
  } else if (child) {
    screen.out << printable(*token) << "\n"
               << "lets " << request.uses << (request.uses == 1 ? " child controller" : " child controllers") << " in, to speak for "
               << printable(request.child_sites) << ", within " << age_text(request.lifetime_ms) << "; shown this once\n";
  } else {
    screen.out << printable(*token) << "\n"
               << "lets " << request.uses << (request.uses == 1 ? " server" : " servers") << " into site " << printable(request.site)
               << " within " << age_text(request.lifetime_ms) << "; shown this once. On the server:\n"
               << "  capmap-agent join TOKEN\n";
  }
  return Done{};
}

}  // namespace capmap
