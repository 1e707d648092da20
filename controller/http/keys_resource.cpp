// Keys that are let in no more.
#include <nlohmann/json.hpp>

#include "controller/http/joining_json.hpp"

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
    return json_response({{"nodes_changing", list.changing}, {"revoked_count", list.keys.size()}, {"revoked", std::move(keys)}});
  });
}

Outcome post_rotate_keys(const Call& call) {
  const auto object = BodyObject::parse(call.request.body, {"node", "all"});
  if (!object) return error_response(object.error());
  const auto node = object->text("node");
  if (!node) return error_response(node.error());
  const auto all = object->truth("all");
  if (!all) return error_response(all.error());
  if (node->has_value() == all->value_or(false)) {
    return error_response({ErrorCode::kMalformed, "node: name the n-… id of a node, or all: true instead"});
  }
  RotateKeys request;
  if (*node) {
    const auto id = parse_id<NodeId>(**node);
    if (!id) return error_response({ErrorCode::kMalformed, "node: " + id.error().what});
    request.node = *id;
  }
  return ask_joining<RotationAsked>({request}, [](const RotationAsked& asked) {
    return json_response({{"node", asked.node ? Json(to_text(*asked.node)) : Json(nullptr)}, {"asked", true}});
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
