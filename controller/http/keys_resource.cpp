// The keys of the server itself, and those of nodes and child controllers that are let in no more.
#include <nlohmann/json.hpp>

#include "controller/http/joining_json.hpp"
#include "controller/store/server_keys.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostShown = 1'000;

Json revoked_json(const RevokedKey& key) {
  const bool owned = key.owner != decltype(key.owner){};
  const auto owner = key.child ? to_text(ControllerId{key.owner}) : to_text(NodeId{key.owner});
  return {{"public_key", key.public_key},
          {"owner", owned ? Json(owner) : Json(nullptr)},
          {"revoked_at", rfc3339_ms(key.revoked_unix_ms)},
          {"reason", text_or_null(key.reason)}};
}

Json server_json(const ServerKeyStatus& status) {
  const bool next = status.phase == kKeyPhaseWords[1] || status.phase == kKeyPhaseWords[2];
  const auto key_or_null = [&](bool it_is) {
    return it_is && !status.second_public_key.empty() ? Json(status.second_public_key) : Json(nullptr);
  };
  return {{"phase", status.phase},
          {"phase_since", rfc3339_ms(status.phase_since_unix_ms)},
          {"phase_until", status.phase_until_unix_ms == 0 ? Json(nullptr) : Json(rfc3339_ms(status.phase_until_unix_ms))},
          {"public_key", status.public_key},
          {"since", rfc3339_ms(status.since_unix_ms)},
          {"next_public_key", key_or_null(next)},
          {"old_public_key", key_or_null(!next)},
          {"other_port", status.other_port},
          {"enrolment_public_key", status.enrolment_public_key},
          {"enrolled", status.enrolled},
          {"heard", status.heard},
          {"heard_know_other_key", status.knowing},
          {"enrolled_not_known_to_know", status.enrolled > status.knowing ? status.enrolled - status.knowing : 0},
          {"on_message_port", status.on_message_port},
          {"on_other_port", status.on_other_port},
          {"problem", text_or_null(status.problem)}};
}

Result<RevokeKey> read_revoke(const Call& call) {
  const auto object = BodyObject::parse(call.request.body, {"owner", "public_key", "reason"});
  if (!object) return object.error();
  const auto owner = object->text("owner"), key = object->text("public_key"), reason = object->text("reason");
  for (const auto* text : {&owner, &key, &reason}) {
    if (!*text) return text->error();
  }
  RevokeKey request{.public_key = key->value_or(""), .reason = reason->value_or("")};
  if (owner->has_value() == key->has_value()) {
    return Error{ErrorCode::kMalformed, "owner: name the n-… id of a node or the c-… id of a child controller, or public_key instead"};
  }
  if (!*owner) return request;
  if ((*owner)->starts_with(ControllerId::kPrefix)) {
    const auto id = parse_id<ControllerId>(**owner);
    if (!id) return Error{ErrorCode::kMalformed, "owner: " + id.error().what};
    request.child = *id;
  } else {
    const auto id = parse_id<NodeId>(**owner);
    if (!id) return Error{ErrorCode::kMalformed, "owner: " + id.error().what};
    request.node = *id;
  }
  return request;
}

}  // namespace

Outcome get_keys(const Call& call) {
  if (auto refused = refuse_others(call)) return *refused;
  return ask_joining<RevokedList>({ListRevoked{}}, [](const RevokedList& list) {
    Json keys = Json::array();
    for (std::size_t i = 0; i < list.keys.size() && i < kMostShown; ++i) keys.push_back(revoked_json(list.keys[i]));
    return json_response({{"server", list.server ? server_json(*list.server) : Json(nullptr)},
                          {"nodes_changing", list.changing},
                          {"children_changing", list.changing_children},
                          {"revoked_count", list.keys.size()},
                          {"revoked", std::move(keys)}});
  });
}

namespace {

Outcome rotate_server_key(const RotateServerKey& request) {
  return ask_joining<ServerKeyTold>({request}, [](const ServerKeyTold& told) {
    if (!told.refused.empty()) return problem_response({.status = 409, .word = "not-now", .detail = told.refused});
    return json_response({{"node", nullptr}, {"child", nullptr}, {"asked", true}, {"server", server_json(told.status)}});
  });
}

}  // namespace

Outcome post_rotate_keys(const Call& call) {
  const auto object = BodyObject::parse(call.request.body, {"node", "child", "all", "server", "finish", "force"});
  if (!object) return error_response(object.error());
  const auto server = object->truth("server"), finish = object->truth("finish"), force = object->truth("force");
  for (const auto* word : {&server, &finish, &force}) {
    if (!*word) return error_response(word->error());
  }
  const auto node = object->text("node"), child = object->text("child");
  for (const auto* word : {&node, &child}) {
    if (!*word) return error_response(word->error());
  }
  const auto all = object->truth("all");
  if (!all) return error_response(all.error());
  const int named = (node->has_value() ? 1 : 0) + (child->has_value() ? 1 : 0) + (all->value_or(false) ? 1 : 0);
  if (server->value_or(false) && named == 0) {
    if (force->value_or(false) && !finish->value_or(false)) return error_response({ErrorCode::kMalformed, "force: goes with finish alone"});
    return rotate_server_key({.finish = finish->value_or(false), .force = force->value_or(false)});
  }
  if (finish->value_or(false) || force->value_or(false) || server->value_or(false)) {
    return error_response({ErrorCode::kMalformed, "server, finish, force: are about the server's own key, and go with no node"});
  }
  if (named != 1) {
    return error_response(
        {ErrorCode::kMalformed,
         "node: name the n-… id of a node, or instead child: the c-… id of a child controller, all: true, or server: true"});
  }
  RotateKeys request;
  if (*node) {
    const auto id = parse_id<NodeId>(**node);
    if (!id) return error_response({ErrorCode::kMalformed, "node: " + id.error().what});
    request.node = *id;
  }
  if (*child) {
    const auto id = parse_id<ControllerId>(**child);
    if (!id) return error_response({ErrorCode::kMalformed, "child: " + id.error().what});
    request.child = *id;
  }
  return ask_joining<RotationAsked>({request}, [](const RotationAsked& asked) {
    return json_response({{"node", asked.node ? Json(to_text(*asked.node)) : Json(nullptr)},
                          {"child", asked.child ? Json(to_text(*asked.child)) : Json(nullptr)},
                          {"asked", true}});
  });
}

Outcome post_revoke_key(const Call& call) {
  auto request = read_revoke(call);
  if (!request) return error_response(request.error());
  return ask_joining<KeysRevoked>({std::move(*request)}, [](const KeysRevoked& revoked) {
    Json keys = Json::array();
    for (const auto& key : revoked.keys) keys.push_back(revoked_json(key));
    return json_response({{"name", text_or_null(revoked.name)}, {"revoked", std::move(keys)}});
  });
}

}  // namespace capmap
