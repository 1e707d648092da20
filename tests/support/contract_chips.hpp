#pragma once
#include <functional>
#include <string>

#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

namespace capmap::support {

using NoteReply = std::function<void(const std::string& operation, const Reply& reply)>;

/// The same of whole sites and pools, of where nodes stand, and of lists of nodes to be looked at.
inline void ask_orders(const NoteReply& note, std::uint16_t port, const char* token) {
  const auto node = "/v1/nodes/" + to_text(node_row(1).id), stranger = "/v1/nodes/" + to_text(NodeId{{99}});
  const auto pool = "/v1/pools/" + to_text(PoolId{{7}}), no_pool = "/v1/pools/" + to_text(PoolId{{99}});
  struct Change {
    std::string operation, path, absent, good, bad;
  };
  const std::string drain = R"({"state":"draining","reason":"power"})", wrong = R"({"state":"gone"})";
  for (const auto& change :
       {Change{"/v1/sites/{id}/service", "/v1/sites/one/service", "/v1/sites/absent/service", drain, wrong},
        Change{"/v1/pools/{id}/service", pool + "/service", no_pool + "/service", drain, wrong},
        Change{"/v1/nodes/{id}/site", node + "/site", stranger + "/site", R"({"site":"one"})", "{}"},
        Change{"/v1/nodes/{id}/labels", node + "/labels", stranger + "/labels", R"({"labels":{"rack":"r1"}})", "{}"}}) {
    note("POST " + change.operation, post(port, change.path, change.good, token));
    note("POST " + change.operation, post(port, change.path, change.bad, token));
    note("POST " + change.operation, post(port, change.absent, change.good, token));
    note("POST " + change.operation, post(port, change.path, change.good, "wrong"));
  }
  for (const char* list : {"versions", "flapping", "lost-updates", "skew"}) {
    const auto path = std::string("/v1/nodes/") + list;
    note("GET " + path, get(port, path));
    note("GET " + path, get(port, path + "?limit=0"));
  }
}

/// Every answer about the chip table and kinds of hardware that the contract names, but for those of who has no table.
inline void ask_chips(const NoteReply& note, std::uint16_t port, const char* token) {
  for (const char* path : {"/v1/chips", "/v1/chips/unrated", "/v1/hardware"}) {
    note(std::string("GET ") + path, get(port, path));
    note(std::string("GET ") + path, get(port, std::string(path) + "?limit=0"));
  }
  note("GET /v1/chips/own", get(port, "/v1/chips/own"));
  note("GET /v1/chips/own", get(port, "/v1/chips/own?x=1"));
  for (const char* body :
       {R"({"table":"accelerators","rows":"a"})", R"({"read_anew":true,"expect":"others"})", R"({"table":"x","rows":""})"}) {
    note("POST /v1/chips", post(port, "/v1/chips", body, token));
  }
  note("POST /v1/chips", post(port, "/v1/chips", "{}", "wrong"));
}

inline void ask_without_chips(const NoteReply& note) {
  HttpWorld world;
  auto view = small_view(world.clock.boot_ms());
  view->chips.reset();
  world.view.publish(view);
  for (const char* path : {"/v1/chips", "/v1/chips/unrated", "/v1/chips/own"}) note(std::string("GET ") + path, get(world.port, path));
}

}  // namespace capmap::support
