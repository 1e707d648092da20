#pragma once
#include <memory>
#include <string>

#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

namespace capmap::support {

/// Nodes 1 and 2 of the first site are suspected, node 3 of it is confirmed to be node 4 of the second.
inline std::shared_ptr<DoubleList> some_doubles() {
  const auto side = [](std::uint8_t number, std::uint32_t site, const char* hostname) {
    return Double::Side{.node = node_row(number).id, .site = site, .liveness = Liveness::kFresh, .hostname = hostname};
  };
  auto list = std::make_shared<DoubleList>();
  list->pairs = {{.node = side(1, 1, "one"), .other = side(2, 1, "two\xff"), .uuid = true, .since_unix_ms = 1'790'000'000'000},
                 {.node = side(3, 1, "three"),
                  .other = side(4, 2, ""),
                  .state = DoubleState::kConfirmed,
                  .uuid = true,
                  .ports = true,
                  .left_out = true,
                  .settled_unix_ms = 1'790'000'000'001}};
  list->suspected_nodes = 2;
  list->left_out_nodes = 1;
  return list;
}

inline std::string settlement_of(std::uint8_t node, std::uint8_t other, bool same) {
  return R"({"node":")" + to_text(node_row(node).id) + R"(","other":")" + to_text(node_row(other).id) + R"(","same":)" +
         (same ? "true" : "false") + "}";
}

/// Of a world whose view has them.
template <class Note>
void ask_doubles(HttpWorld& world, Note note) {
  auto view = small_view(world.clock.boot_ms());
  view->doubles = some_doubles();
  world.view.publish(view);
  note("GET /v1/doubles", get(world.port, "/v1/doubles"));
  note("GET /v1/doubles", get(world.port, "/v1/doubles?limit=0"));
  note("POST /v1/doubles", post(world.port, "/v1/doubles", settlement_of(1, 2, true), kAdminToken));
  note("POST /v1/doubles", post(world.port, "/v1/doubles", settlement_of(1, 9, false), kAdminToken));
  note("POST /v1/doubles", post(world.port, "/v1/doubles", settlement_of(2, 4, false), kAdminToken));
  note("POST /v1/doubles", post(world.port, "/v1/doubles", R"({"same":true})", kAdminToken));
  note("POST /v1/doubles", post(world.port, "/v1/doubles", "{}", "wrong"));
  world.view.publish(small_view(world.clock.boot_ms()));
}

}  // namespace capmap::support
