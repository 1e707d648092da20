#pragma once
#include <string>
#include <vector>

#include "controller/requests.hpp"
#include "tests/support/http_peer.hpp"

namespace capmap::support {

/// Of joining and keys: number 99, node 99 and the token "absent" are not known.
inline AdminChange joining_change(const JoiningRequest& request) {
  const Error absent{ErrorCode::kAbsent, "no such thing"};
  const NodeId stranger{{99}};
  TokenInfo token{
      .record = {.secret_hash = std::string(64, 'a'), .site = SiteId{{1}}, .uses_left = 1}, .site = "one", .pool = "", .child_sites = {}};
  if (std::holds_alternative<ListTokens>(request.what)) return JoiningDone{TokenList{.tokens = {token}, .most = 1'000}};
  if (const auto* revoke = std::get_if<RevokeToken>(&request.what)) {
    return revoke->name_or_id == "absent" ? AdminChange(absent) : JoiningDone{TokenRevoked{token}};
  }
  const ApprovalRule rule{.number = 3, .from = *parse_address_range("10.0.0.0/8"), .until_unix_ms = 1'900'000'000'000};
  if (std::holds_alternative<ListPending>(request.what)) {
    PendingList list;
    PendingInfo info;
    info.node.id = NodeId{{4}};
    info.node.hostname = "new";
    list.nodes.push_back(std::move(info));
    list.rules.push_back({.rule = rule, .site = ""});
    return JoiningDone{list};
  }
  if (const auto* decide = std::get_if<DecidePending>(&request.what)) {
    PendingDecided decided{.id = decide->id};
    if (decide->approve) decided.admitted = KnownNode{};
    return decide->id == stranger ? AdminChange(absent) : JoiningDone{decided};
  }
  if (const auto* add = std::get_if<AddApprovalRule>(&request.what)) {
    return add->site == "absent" ? AdminChange(absent) : JoiningDone{RuleAdded{.rule = {.rule = rule, .site = ""}}};
  }
  if (const auto* remove = std::get_if<RemoveApprovalRule>(&request.what)) {
    return remove->number == 99 ? AdminChange(absent) : JoiningDone{RuleRemoved{remove->number}};
  }
  const RevokedKey key{.public_key = std::string(40, 'k'), .owner = {4}, .revoked_unix_ms = 1, .reason = "lost"};
  const ServerKeyStatus server{.phase = "learning", .public_key = std::string(40, 'p'), .second_public_key = std::string(40, 'q')};
  if (std::holds_alternative<ListRevoked>(request.what)) return JoiningDone{RevokedList{.keys = {key}, .server = server}};
  if (const auto* own = std::get_if<RotateServerKey>(&request.what)) {
    return JoiningDone{ServerKeyTold{.status = server, .refused = own->finish ? "2 of 7 do not know the next key" : ""}};
  }
  if (const auto* rotate = std::get_if<RotateKeys>(&request.what)) {
    return rotate->node == stranger ? AdminChange(absent) : JoiningDone{RotationAsked{rotate->node, rotate->child}};
  }
  return std::get<RevokeKey>(request.what).node == stranger ? AdminChange(absent) : JoiningDone{KeysRevoked{.keys = {key}, .name = "n"}};
}

/// Everything that can be asked of it, with each way it can end: note(operation, reply).
template <class Note>
void ask_joining_and_keys(Note note, std::uint16_t port, const std::string& admin_token) {
  const std::string bearer = std::string("Authorization: Bearer ") + admin_token + "\r\n";
  for (const char* path : {"/v1/tokens", "/v1/nodes/pending", "/v1/keys"}) {
    note(std::string("GET ") + path, get(port, path, bearer));
    note(std::string("GET ") + path, get(port, path));
  }
  for (const auto& who : {bearer, std::string()}) {
    note("DELETE /v1/tokens/{id}", request(port, "DELETE", "/v1/tokens/a", who));
    note("DELETE /v1/tokens/{id}", request(port, "DELETE", "/v1/tokens/absent", who));
    for (const char* number : {"3", "99", "x"}) {
      note("DELETE /v1/nodes/pending/rules/{number}", request(port, "DELETE", "/v1/nodes/pending/rules/" + std::string(number), who));
    }
  }
  const auto many = [&](const std::string& operation, const std::string& path, const std::vector<const char*>& bodies) {
    for (const char* body : bodies) note(operation, post(port, path, body, admin_token));
    note(operation, post(port, path, bodies.front(), "wrong"));
  };
  many("POST /v1/nodes/pending/rules", "/v1/nodes/pending/rules",
       {R"({"from":"10.0.0.0/8","until":"2100-01-01T00:00:00Z"})",
        R"({"from":"10.0.0.0/8","until":"2100-01-01T00:00:00Z","site":"absent"})", R"({"from":"10.0.0.0/8"})"});
  for (const std::string end : {"approve", "reject"}) {
    const auto path = [&end](const NodeId& id) { return "/v1/nodes/pending/" + to_text(id) + "/" + end; };
    many("POST /v1/nodes/pending/{id}/" + end, path(NodeId{{4}}), {"{}", R"({"x":1})"});
    many("POST /v1/nodes/pending/{id}/" + end, path(NodeId{{99}}), {"{}"});
  }
  const std::string stranger = R"({"owner":")" + to_text(NodeId{{99}}) + "\"}";
  many("POST /v1/keys/revoke", "/v1/keys/revoke", {R"({"public_key":"k","reason":"lost"})", R"({"owner":"n-x"})", stranger.c_str()});
  const std::string no_node = R"({"node":")" + to_text(NodeId{{99}}) + "\"}";
  const std::string child = R"({"child":")" + to_text(ControllerId{{1}}) + "\"}";
  many("POST /v1/keys/rotate", "/v1/keys/rotate",
       {R"({"all":true})", "{}", no_node.c_str(), child.c_str(), R"({"child":"c-x"})", R"({"server":true})",
        R"({"server":true,"finish":true})", R"({"server":true,"force":true})", R"({"server":true,"all":true})"});
}

}  // namespace capmap::support
