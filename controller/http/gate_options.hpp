#pragma once
#include <string>
#include <vector>

#include "common/address_range.hpp"
#include "controller/access/sessions.hpp"

namespace capmap {

/// Who may ask from where, and by what they show who they are.
struct GateOptions {
  std::string admin_token_hash{};       ///< BLAKE2b-256 hex of admin.token; empty: there is none
  bool anonymous_reads = true;          ///< who shows nothing may read
  bool local_hosts_only = true;         ///< the Host header must mean this machine, where the network decides who may read
  std::vector<AddressRange> proxies{};  ///< whose word on users is taken; with these nobody else may connect, but from this machine
  std::string proxy_user_header{};      ///< in lower case
  std::string proxy_secret_hash{};      ///< what the proxy shows in X-Capmap-Proxy-Secret; empty: its address does
  Sessions::Limits sessions{};
};

}  // namespace capmap
