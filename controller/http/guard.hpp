#pragma once
#include <string>
#include <string_view>

namespace capmap {

/// True for 127.0.0.0/8, ::1 and "localhost", as an address to listen on.
bool is_loopback_address(const std::string& address);

/// True when a Host header means this machine: a loopback address or localhost, with or without a port. A page of a stranger's site
/// whose name was made to point here (DNS rebinding) still sends its own name.
bool is_local_host_header(std::string_view host);

}  // namespace capmap
