#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "controller/http/message.hpp"

namespace capmap {

/// True for 127.0.0.0/8, ::1 and "localhost", as an address to listen on.
bool is_loopback_address(const std::string& address);

/// True when a Host header means this machine: a loopback address or localhost, with or without a port. A page of a stranger's site
/// whose name was made to point here (DNS rebinding) still sends its own name.
bool is_local_host_header(std::string_view host);

/// Whether the request may change something: "Authorization: Bearer TOKEN" with the token of that hash (BLAKE2b-256, hex).
/// Empty when it may; else the problem to answer: 401 with WWW-Authenticate, or 403 when no token could ever do (no hash).
std::optional<HttpResponse> refuse_change(const HttpRequest& request, const std::string& admin_token_hash);

}  // namespace capmap
