#pragma once
#include <cstdint>
#include <string>

#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

namespace capmap::support {

/// Pools, and what is declared of a site.
template <class Note>
void ask_places(Note note, std::uint16_t port) {
  note("GET /v1/pools", get(port, "/v1/pools"));
  note("GET /v1/pools", get(port, "/v1/pools?x=1"));
  for (const char* body : {R"({"site":"a","name":"b"})", R"({"site":"a","name":"exists"})", R"({"site":"absent","name":"b"})", "{"}) {
    note("POST /v1/pools", post(port, "/v1/pools", body, kAdminToken));
  }
  note("POST /v1/pools", post(port, "/v1/pools", "{}", "wrong"));
  for (const char* path : {"/v1/sites/one/declared", "/v1/sites/absent/declared"}) {
    note("POST /v1/sites/{id}/declared", post(port, path, R"({"nodes":4})", kAdminToken));
  }
  note("POST /v1/sites/{id}/declared", post(port, "/v1/sites/one/declared", R"({"nodes":-4})", kAdminToken));
  note("POST /v1/sites/{id}/declared", post(port, "/v1/sites/one/declared", "{}", "wrong"));
  const std::string change = "POST /v1/sites/{id}";
  for (const char* path : {"/v1/sites/one", "/v1/sites/absent"}) note(change, post(port, path, R"({"fields":{"pue":1.25}})", kAdminToken));
  for (const char* asked : {R"({"fields":{}})", R"({"fields":{"pue":"1.25"},"expect":"other"})"}) {
    note(change, post(port, "/v1/sites/one", asked, kAdminToken));
  }
  note(change, post(port, "/v1/sites/one", "{}", "wrong"));
}

}  // namespace capmap::support
