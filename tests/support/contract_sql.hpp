#pragma once
#include <string>

#include "tests/support/http_peer.hpp"

namespace capmap::support {

/// SQL: its reference, and statements that are answered and refused.
template <class Note>
void ask_sql(Note note, std::uint16_t port) {
  const std::string json = "Content-Type: application/json\r\n";
  note("GET /v1/sql", get(port, "/v1/sql"));
  note("GET /v1/sql", get(port, "/v1/sql?x=1"));
  for (const char* body : {R"({"sql":"select hostname from nodes","rows":2})", R"({"sql":"selekt"})", R"({"sql":"drop table nodes"})"}) {
    note("POST /v1/sql", request(port, "POST", "/v1/sql", json, body));
  }
  note("POST /v1/sql", request(port, "POST", "/v1/sql", json + "Authorization: Bearer wrong\r\n", "{}"));
  note("POST /v1/sql", request(port, "POST", "/v1/sql", json, std::string(1'100'000, ' ')));
  note("POST /v1/sql", request(port, "POST", "/v1/sql", {}, "{}"));
}

}  // namespace capmap::support
