#include "controller/http/target_host.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace capmap {
namespace {

constexpr std::size_t kMaxHostBytes = 253;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string target_host(std::string_view text) {
  if (text.empty() || text.size() > kMaxHostBytes) return {};
  std::string host(text);
  if (host.find(':') != std::string::npos) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    return inet_pton(AF_INET6, host.c_str(), address.data()) == 1 ? "[" + host + "]" : std::string();
  }
  const bool fits = std::all_of(host.begin(), host.end(), [](char c) { return is_plain(c) || c == '-' || c == '_' || c == '.'; });
  return fits && is_plain(host.front()) && is_plain(host.back()) ? host : std::string();
}

std::string label_name(std::string_view key) {
  std::string name(key);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return is_plain(c) ? c : '_'; });
  return name;
}

}  // namespace capmap
