#pragma once
#include <string>
#include <string_view>

namespace capmap {

/// What a node says it is called or can be reached at, as a target's host: a name of letters, digits, '-', '_' and '.', or an address, that
/// of IPv6 in brackets. Empty: it is neither, and nobody is sent there. Pure.
std::string target_host(std::string_view text);

/// A key as Prometheus takes it in a label's name: what is no letter or digit becomes '_'. Pure.
std::string label_name(std::string_view key);

}  // namespace capmap
