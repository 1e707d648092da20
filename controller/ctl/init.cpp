#include <unistd.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "common/ids.hpp"
#include "controller/ctl/access.hpp"
#include "controller/ctl/commands.hpp"
#include "controller/store/state_folder.hpp"

namespace capmap {
namespace {

/// Where the service looks for its state, the service is started.
std::string next_steps(const std::string& state, const std::string& site) {
  const bool of_service = state == ApiConnection{}.state && access("/run/systemd/system", F_OK) == 0;
  return "next:\n"
         "  start the controller    " +
         (of_service ? "systemctl enable --now capmap-controller" : "capmap-controller --state " + state) +
         "\n"
         "  let a server in         capmapctl --state " +
         state + " token create --site " + site +
         "\n"
         "  and on that server      capmap-agent join TOKEN\n"
         "keep a copy of " +
         state +
         "/server.key: agents know the controller by it,\n"
         "and of the database: capmapctl backup FILE\n";
}

}  // namespace

Result<Done> init_state(const ApiConnection& connection, const Screen& screen, const Site& first_site) {
  const auto made = create_state(connection.state, first_site);
  if (!made) return made.error();
  const auto tls = make_tls_pair(connection.state, {});
  if (!tls) return tls.error();
  if (screen.json) {
    const ApiJson answer = {{"state", connection.state},
                            {"controller", to_text(made->id)},
                            {"server_public_key", made->server_public_key},
                            {"tls", {{"certificate_sha256", tls->certificate}, {"public_key_sha256", tls->public_key}}},
                            {"site", {{"id", to_text(made->site.id)}, {"name", made->site.name}}}};
    screen.out << answer.dump() << "\n";
    return Done{};
  }
  screen.out << "state folder       " << connection.state << " (server.key, admin.token, store.db, tls.crt, tls.key)\n"
             << "controller         " << to_text(made->id) << "\n"
             << "server public key  " << made->server_public_key << "\n"
             << "TLS certificate    SHA-256 " << with_colons(tls->certificate) << "\n"
             << "TLS public key     SHA-256 " << with_colons(tls->public_key) << "\n"
             << "first site         " << made->site.name << " (" << to_text(made->site.id) << ")\n"
             << next_steps(connection.state, made->site.name);
  return Done{};
}

}  // namespace capmap
