#pragma once
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "tests/support/http_peer.hpp"

namespace capmap::support {

/// Everything that can be asked of joining and keys, with each way it can end: note(operation, reply).
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
