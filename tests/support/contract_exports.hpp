#pragma once
#include <string>

#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

namespace capmap::support {

/// What other systems take: descriptors with their codes, and targets of Prometheus.
template <class Note>
void ask_exports(HttpWorld& world, Note note) {
  const auto port = world.port;
  const std::string operation = "GET /v1/export/descriptors", path = "/v1/export/descriptors?form=a&edition=k1";
  note(operation, get(port, path));
  note(operation, get(port, "/v1/export/descriptors?form=a"));
  note(operation, get(port, path, "If-None-Match: *\r\n"));
  for (const char* site : {"/v1/sites/one/codes", "/v1/sites/absent/codes"}) {
    note("POST /v1/sites/{id}/codes", post(port, site, R"({"zone":"502","pool_zones":{"batch":"503"}})", kAdminToken));
  }
  note("POST /v1/sites/{id}/codes", post(port, "/v1/sites/one/codes", R"({"zone":5})", kAdminToken));
  note("POST /v1/sites/{id}/codes", post(port, "/v1/sites/one/codes", "{}", "wrong"));
  for (const char* query : {"", "?port=x"}) note("GET /v1/sd/prometheus", get(port, std::string("/v1/sd/prometheus") + query));
}

}  // namespace capmap::support
