#pragma once
#include <string>
#include <vector>

#include "controller/ctl/commands.hpp"
#include "controller/tls/tls_pair.hpp"

namespace capmap {

/// Who may ask a controller for what, from the command line.

struct UserRequest {
  std::string name, role;
  std::string regions, sites;  ///< commas between
  bool scope_changes = false, everything = false;
  bool password = false, no_password = false;  ///< ask for one; take it away
  std::string expires;                         ///< 30d, or never; empty: as before
  bool disable = false, enable = false, yes = false;
};
struct ApiTokenRequest {
  std::string user, role, regions, sites, label, expires, id;
  bool quiet = false;
};
struct AuditRequest {
  std::string since, who, what, expect;
  std::uint32_t limit = 100;
  bool csv = false;
};

/// `users`.
Result<Done> list_users(const ApiConnection& connection, const Screen& screen);
Result<Done> add_user(const ApiConnection& connection, const Screen& screen, const UserRequest& request);
Result<Done> edit_user(const ApiConnection& connection, const Screen& screen, const UserRequest& request);
/// One's own: the password that stands, then the new one.
Result<Done> change_password(const ApiConnection& connection, const Screen& screen);
Result<Done> remove_user(const ApiConnection& connection, const Screen& screen, const UserRequest& request);
/// `users token`.
Result<Done> make_api_token(const ApiConnection& connection, const Screen& screen, const ApiTokenRequest& request);
Result<Done> list_api_tokens(const ApiConnection& connection, const Screen& screen, const std::string& user);
Result<Done> revoke_api_token(const ApiConnection& connection, const Screen& screen, const std::string& id);

/// `login`: the password once, and from then on an API token in a file of mode 0600. `logout`: the token is revoked and forgotten.
Result<Done> log_in(const ApiConnection& connection, const Screen& screen, const ApiTokenRequest& request);
Result<Done> log_out(const ApiConnection& connection, const Screen& screen);
Result<Done> show_whoami(const ApiConnection& connection, const Screen& screen);
/// From the terminal, unseen; else the first line of the standard input. `twice`: a new one, so that a slip is noticed.
Result<std::string> read_password(const std::string& prompt, bool twice);

/// `audit`, `audit verify`.
Result<Done> show_audit(const ApiConnection& connection, const Screen& screen, const AuditRequest& request);
Result<Done> verify_audit(const ApiConnection& connection, const Screen& screen, const AuditRequest& request);
std::string audit_text(const ApiJson& answer, const TableLook& look);
std::string users_text(const ApiJson& answer, const TableLook& look);

/// tls.crt and tls.key of a state folder; names beside this machine's own. Made where there are none; else their fingerprints.
Result<Fingerprints> make_tls_pair(const std::string& state, std::vector<std::string> names);
/// `tls self-signed`, `tls fingerprint`.
Result<Done> make_tls(const ApiConnection& connection, const Screen& screen, const std::vector<std::string>& names);
Result<Done> show_tls(const ApiConnection& connection, const Screen& screen);

}  // namespace capmap
