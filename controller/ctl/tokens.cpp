#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {

Result<Done> create_token(const ApiConnection& connection, const Screen& screen, const TokenRequest& request) {
  const auto answer =
      api_post(connection, "/v1/tokens", {{"site", request.site}, {"uses", request.uses}, {"expires_in_s", request.lifetime_ms / 1'000}});
  if (!answer) return answer.error();
  const auto token = text_at(*answer, "token");
  if (!token) return Error{ErrorCode::kMalformed, "the controller's answer holds no token"};
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else if (request.quiet) {
    screen.out << printable(*token) << "\n";
  } else {
    screen.out << printable(*token) << "\n"
               << "lets " << request.uses << (request.uses == 1 ? " server" : " servers") << " into site " << printable(request.site)
               << " within " << age_text(request.lifetime_ms) << "; shown this once. On the server:\n"
               << "  capmap-agent join TOKEN\n";
  }
  return Done{};
}

}  // namespace capmap
