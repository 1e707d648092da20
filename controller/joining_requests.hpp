#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "controller/map/child.hpp"
#include "controller/map/site.hpp"
#include "controller/store/joining.hpp"

namespace capmap {

/// What an admin asks about tokens, who waits to be let in, and keys, and what is answered: to and from the store thread.

struct ListTokens {};
struct RevokeToken {
  std::string name_or_id;
};
struct ListPending {};
struct DecidePending {
  NodeId id;
  bool approve = false;
};
struct AddApprovalRule {
  AddressRange from;
  std::string site{};  ///< name or s-… id; empty: any
  std::uint64_t until_unix_ms = 0;
};
struct RemoveApprovalRule {
  std::uint64_t number = 0;
};
struct ListRevoked {};
/// Of a node, of a child controller, or a key by itself; the first that is not empty.
struct RevokeKey {
  std::optional<NodeId> node{};
  std::optional<ControllerId> child{};
  std::string public_key{};  ///< Z85
  std::string reason{};
};
/// Nodes and child controllers shall offer another key when they speak next. Neither is named: all that are connected.
struct RotateKeys {
  std::optional<NodeId> node{};
  std::optional<ControllerId> child{};
};
/// The server shall change its own key: begins that, or goes on to the next step.
struct RotateServerKey {
  bool finish = false;  ///< the keys change roles; or, when they have, the old one is let go
  bool force = false;   ///< although some would be cut off
};
struct JoiningRequest {
  std::variant<ListTokens, RevokeToken, ListPending, DecidePending, AddApprovalRule, RemoveApprovalRule, ListRevoked, RevokeKey, RotateKeys,
               RotateServerKey>
      what;
};

/// With the names that people know.
struct TokenInfo {
  TokenRecord record;
  std::string site{}, pool{};
  std::vector<std::string> child_sites{};
};
struct TokenList {
  std::vector<TokenInfo> tokens;  ///< newest first, kMostListed at most
  std::size_t most = 0;
};
struct TokenRevoked {
  TokenInfo token;
};
struct PendingInfo {
  PendingNode node;
  std::string site{}, pool{}, token{};  ///< token: its name, else its id
};
struct RuleInfo {
  ApprovalRule rule;
  std::string site{};
};
struct PendingList {
  std::vector<PendingInfo> nodes;
  std::vector<RuleInfo> rules;
};
struct PendingDecided {
  NodeId id;
  std::optional<KnownNode> admitted{};  ///< absent: rejected
};
struct RuleAdded {
  RuleInfo rule;
  std::vector<KnownNode> admitted{};  ///< of those that waited
};
struct RuleRemoved {
  std::uint64_t number = 0;
};
/// The server's own keys, and who of those that report knows the other one.
struct ServerKeyStatus {
  std::string phase{}, public_key{}, enrolment_public_key{};
  std::string second_public_key{};  ///< the next one, or the old one; empty: there is none
  std::uint64_t since_unix_ms = 0, phase_since_unix_ms = 0;
  std::uint64_t phase_until_unix_ms = 0;  ///< 0: not by the calendar
  std::uint16_t other_port = 0;
  std::uint64_t enrolled = 0, heard = 0, knowing = 0, on_message_port = 0, on_other_port = 0;
  std::string problem{};
};
struct ServerKeyTold {
  ServerKeyStatus status;
  std::string refused{};  ///< why nothing was done; empty: it was
};
struct RevokedList {
  std::vector<RevokedKey> keys;
  std::uint64_t changing = 0;  ///< nodes that have offered another key and not yet used it
  std::optional<ServerKeyStatus> server{};
  std::uint64_t changing_children = 0;  ///< child controllers that have
};
struct KeysRevoked {
  std::vector<RevokedKey> keys;       ///< all of one owner
  std::string name{};                 ///< of the owner, for people; empty: nobody had it
  std::optional<KnownChild> child{};  ///< the owner, where it was a child controller; with no sites any more
  std::optional<KnownNode> node{};    ///< likewise
};
struct RotationAsked {
  std::optional<NodeId> node{};
  std::optional<ControllerId> child{};
};
struct JoiningDone {
  std::variant<TokenList, TokenRevoked, PendingList, PendingDecided, RuleAdded, RuleRemoved, RevokedList, KeysRevoked, RotationAsked,
               RotateServerKey, ServerKeyTold>
      what;
};

}  // namespace capmap
