#pragma once
#include <string>

#include "common/result.hpp"
#include "common/transport.hpp"
#include "controller/map/site.hpp"

namespace capmap {

/// A controller's state folder: server.key (0600), admin.token (0600), store.db. Made once by `capmapctl init`.
struct NewState {
  std::string server_public_key;  ///< Z85
  Site site;                      ///< the first site, with its new id
  ControllerId id;                ///< of the controller itself
};
/// Creates folder (0700), keys, admin token and the first site. Errors: kDenied, kFull; kUnavailable when a state is already there
/// (nothing is ever overwritten); kMalformed (site).
Result<NewState> create_state(const std::string& directory, Site first_site);

Result<CurveKeys> load_server_keys(const std::string& directory);
/// The admin token's text. Errors: kAbsent (run capmapctl init), kDenied.
Result<std::string> load_admin_token(const std::string& directory);

}  // namespace capmap
