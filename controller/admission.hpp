#pragma once
#include <optional>
#include <string>
#include <variant>

#include "common/messages.hpp"
#include "common/transport.hpp"
#include "controller/requests.hpp"
#include "controller/store/store.hpp"

namespace capmap {

/// A machine asks to be let in: decoded and sent over the connection of `key`.
struct JoinRequest {
  Bytes route;      ///< for the answer
  std::string key;  ///< of the connection, Z85
  Join join;
  std::string address{};  ///< it came from, as text; empty: not known
};
struct JoinDecision {
  Bytes route;
  std::string hostname;
  const char* answer = "";                   ///< one of kJoinAnswers, for /metrics
  Joined joined;                             ///< what the machine is told
  std::optional<KnownNode> let_in{};         ///< new since now: zap and map have to hear of it
  std::optional<KnownChild> let_in_child{};  ///< new since now, or with another delegation: likewise
};

/// All that a request to join can come to.
inline constexpr const char* kJoinAnswers[] = {"accepted",      "pending",       "malformed",     "wrong_key",  "revoked_key",
                                               "unknown_token", "expired_token", "revoked_token", "used_token", "wrong_network",
                                               "rejected",      "queue_full",    "address_rate",  "total_rate", "not_stored"};

/// What tokens are made with, and where revoked keys are kept beside the database.
struct TokenMaking {
  std::string advertise_host;  ///< names or addresses that tokens tell agents to connect to, with commas between
  std::uint16_t enrol_port = 0, message_port = 0;
  std::uint16_t next_port = 0;  ///< where the server's next key is served while it changes
  std::string server_public_key;
  std::string revocations{};  ///< file, see controller/store/revocations.hpp; empty: kept in the database alone
};

/// What an admin asked for, done: what the API answers, and what the map and zap have to hear.
using Change = AdminChange;

/// The decisions that change the store, inside a change the caller has begun (they see what was put in it before). They hold when it is
/// committed. A machine that joins again with its key gets its id again, needs no good token for that and uses nothing up: the key is
/// what it is known by. Errors: the store's; a refusal is no error.
Result<JoinDecision> decide_join(Store& store, const JoinRequest& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const AddSite& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const EditSite& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const DeclareSite& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const CreateToken& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const AddPool& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const OrderService& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const AssignPool& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const RemoveNode& request, const TokenMaking& making, std::uint64_t now_unix_ms);
/// A clone that the map holds, as a change of its own, with a line in the audit the first time. One that is settled since is passed over.
Result<Done> keep_clone(Store& store, const Clone& clone);
Result<Change> carry_out(Store& store, const SettleClone& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const SettleDouble& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const ImportRecords& request, const TokenMaking& making, std::uint64_t now_unix_ms);

Result<Change> carry_out(Store& store, const ImportRegions& request, const TokenMaking& making, std::uint64_t now_unix_ms);

Result<Change> carry_out(Store& store, const OrderGroupService& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const MoveNode& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const LabelNode& request, const TokenMaking& making, std::uint64_t now_unix_ms);
/// Whether an order can be: times, and the length of its reason.
Result<Done> validate_order(const ServiceOrder& order, std::uint64_t now_unix_ms);

Result<Change> carry_out(Store& store, const ChangeChips& request, const TokenMaking& making, std::uint64_t now_unix_ms);

Result<Change> carry_out(Store& store, const JoiningRequest& request, const TokenMaking& making, std::uint64_t now_unix_ms);

Result<Change> carry_out(Store& store, const CodeSite& request, const TokenMaking& making, std::uint64_t now_unix_ms);

}  // namespace capmap
