#include "common/join_token.hpp"

#include <sodium.h>
#include <zmq.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "common/ids.hpp"

namespace capmap {
namespace {

constexpr std::string_view kPrefix = "cmt1.";
constexpr unsigned char kVersion = 1;
constexpr std::size_t kKeyBytes = 32, kKeyText = 40, kSecretBytes = 16;
constexpr std::size_t kHostAt = 1 + 2 + 2 + kKeyBytes + kSecretBytes;  // version, two ports, key, secret
constexpr std::size_t kMaxHost = 253;
constexpr char kSecretFamily = 'x';  // secrets are spelled like ids, without their prefix

using Raw = std::vector<unsigned char>;

Error malformed(const std::string& what) {
  return Error{ErrorCode::kMalformed, "join token: " + what};
}

void append_u16(Raw& raw, std::uint16_t value) {
  raw.push_back(static_cast<unsigned char>(value >> 8U));
  raw.push_back(static_cast<unsigned char>(value & 0xFFU));
}

std::uint16_t u16_at(const Raw& raw, std::size_t at) {
  return static_cast<std::uint16_t>((raw[at] << 8U) | raw[at + 1]);
}

Result<Raw> from_base64(std::string_view text) {
  if (text.empty()) return Raw{};
  Raw raw(text.size());
  std::size_t length = 0;
  if (sodium_base642bin(raw.data(), raw.size(), text.data(), text.size(), nullptr, &length, nullptr,
                        sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0) {
    return malformed("has a character or an end that base64url does not; was it copied as a whole?");
  }
  raw.resize(length);
  return raw;
}

}  // namespace

bool is_join_host(std::string_view host) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view(".-_:%,").find(c) < 6;
  };
  return !hosts_of(host).empty() && host.size() <= kMaxHost && std::all_of(host.begin(), host.end(), allowed);
}

std::string to_text(const JoinToken& token) {
  Raw raw = {kVersion};
  append_u16(raw, token.enrol_port);
  append_u16(raw, token.message_port);
  std::array<unsigned char, kKeyBytes> key{};
  zmq_z85_decode(key.data(), token.server_public_key.c_str());
  raw.insert(raw.end(), key.begin(), key.end());
  const auto secret = id_bytes(kSecretFamily, std::string{kSecretFamily, '-'} + token.secret);
  const std::array<std::uint8_t, kSecretBytes> bytes = secret ? *secret : std::array<std::uint8_t, kSecretBytes>{};
  raw.insert(raw.end(), bytes.begin(), bytes.end());
  raw.insert(raw.end(), token.host.begin(), token.host.end());
  std::string text(sodium_base64_encoded_len(raw.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
  sodium_bin2base64(text.data(), text.size(), raw.data(), raw.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  text.pop_back();  // the terminating zero
  return std::string(kPrefix) + text;
}

Result<JoinToken> parse_join_token(std::string_view text) {
  if (!text.starts_with(kPrefix)) return malformed("does not begin with \"cmt1.\"");
  text.remove_prefix(kPrefix.size());
  if (text.size() > 2 * (kHostAt + kMaxHost)) return malformed("is too long");
  const auto raw = from_base64(text);
  if (!raw) return raw.error();
  if (raw->size() <= kHostAt) return malformed("is too short; was it copied as a whole?");
  if ((*raw)[0] != kVersion) return malformed("is of version " + std::to_string((*raw)[0]) + "; this program knows version 1");
  JoinToken token{.host = std::string(raw->begin() + kHostAt, raw->end()),
                  .enrol_port = u16_at(*raw, 1),
                  .message_port = u16_at(*raw, 3),
                  .server_public_key = std::string(kKeyText + 1, '\0'),
                  .secret = {}};
  if (!is_join_host(token.host)) return malformed("names no host");
  if (token.enrol_port == 0 || token.message_port == 0) return malformed("has a port 0");
  zmq_z85_encode(token.server_public_key.data(), raw->data() + 5, kKeyBytes);
  token.server_public_key.pop_back();
  std::array<std::uint8_t, kSecretBytes> secret{};
  std::copy_n(raw->begin() + 5 + kKeyBytes, kSecretBytes, secret.begin());
  token.secret = id_text(kSecretFamily, secret).substr(2);
  return token;
}

std::string secret_hash(std::string_view secret) {
  std::array<unsigned char, 32> hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), nullptr, 0);
  std::string text(2 * hash.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), hash.data(), hash.size());
  text.pop_back();
  return text;
}

std::string random_secret() {
  return id_text(kSecretFamily, random_id_bytes()).substr(2);
}

std::vector<std::string> hosts_of(std::string_view list) {
  std::vector<std::string> hosts;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    std::string host(list.substr(0, comma));
    if (!host.empty() && std::find(hosts.begin(), hosts.end(), host) == hosts.end()) hosts.push_back(std::move(host));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return hosts;
}

std::string tcp_endpoint(const std::string& host, std::uint16_t port) {
  const bool bare_ipv6 = host.find(':') != std::string::npos && host.front() != '[';
  return "tcp://" + (bare_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::uint16_t port_of(const std::string& endpoint) {
  const auto colon = endpoint.rfind(':');
  if (colon == std::string::npos) return 0;
  const char* begin = endpoint.data() + colon + 1;
  const char* end = endpoint.data() + endpoint.size();
  std::uint16_t port = 0;
  const auto [stop, error] = std::from_chars(begin, end, port);
  return error == std::errc{} && stop == end && begin != end ? port : std::uint16_t{0};
}

}  // namespace capmap
