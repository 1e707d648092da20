#pragma once
#include <map>
#include <string>

#include "controller/admission.hpp"

namespace capmap {

/// What the admission_*.cpp files about joining and keys share.

/// Names of sites and pools, for lists; who has none left is called by its id.
class Names {
 public:
  static Result<Names> of(Store& store);
  [[nodiscard]] std::string site(const SiteId& id) const;
  [[nodiscard]] std::string pool(const PoolId& id) const;

 private:
  std::map<SiteId, std::string> sites_;
  std::map<PoolId, std::string> pools_;
};

TokenInfo token_info(const TokenRecord& record, const Names& names);

Result<Change> list_tokens(Store& store);
Result<Change> revoke_token(Store& store, const RevokeToken& request, std::uint64_t now_unix_ms);
Result<Change> list_pending(Store& store, std::uint64_t now_unix_ms);
Result<Change> decide_one(Store& store, const DecidePending& request, std::uint64_t now_unix_ms);
Result<Change> add_rule(Store& store, const AddApprovalRule& request, std::uint64_t now_unix_ms);
Result<Change> remove_rule(Store& store, const RemoveApprovalRule& request, std::uint64_t now_unix_ms);
Result<Change> list_revoked(Store& store);
Result<Change> revoke_key(Store& store, const RevokeKey& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> rotate_server_key(Store& store, const RotateServerKey& request, std::uint64_t now_unix_ms);
Result<Change> rotate_keys(Store& store, const RotateKeys& request, std::uint64_t now_unix_ms);

}  // namespace capmap
