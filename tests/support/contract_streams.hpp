#pragma once
#include <functional>
#include <string>

#include "tests/support/http_peer.hpp"

namespace capmap::support {

/// Of what is no JSON: the event stream, and what the API says of itself.
inline void ask_streams_and_texts(const std::function<void(const std::string&, const Reply&)>& note, std::uint16_t port) {
  for (const char* query : {"?follow=false", "?kind=x"}) note("GET /v1/events", get(port, std::string("/v1/events") + query));
  for (const char* path : {"/v1/openapi.yaml", "/v1/docs", "/"}) {
    for (const char* headers : {"", "If-None-Match: *\r\n"}) note(std::string("GET ") + path, get(port, path, headers));
  }
  const auto page = get(port, "/").body;
  const auto at = page.find("/ui/");
  const auto file = page.substr(at, page.find('"', at) - at);
  for (const char* headers : {"", "If-None-Match: *\r\n"}) note("GET /ui/{file}", get(port, file, headers));
  note("GET /ui/{file}", get(port, "/ui/none.js"));
  for (const char* query : {"?accelerators=1", ""}) {
    for (const char* headers : {"", "If-None-Match: *\r\n"}) note("GET /v1/find", get(port, std::string("/v1/find") + query, headers));
  }
}

}  // namespace capmap::support
