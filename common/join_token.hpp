#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace capmap {

/// What an admin hands to a new server: where to ask, whose key answers there, and the secret that lets it in.
/// Text: "cmt1." + base64url of (version 1, enrol port u16, message port u16, server key 32 bytes, secret 16 bytes, host).
/// Anyone who holds it can join; the controller keeps only the secret's hash.
struct JoinToken {
  std::string host;  ///< names or addresses the agent can reach, in the order to try them, with commas between; IPv6 without brackets
  std::uint16_t enrol_port = 8472;
  std::uint16_t message_port = 8471;
  std::string server_public_key;  ///< Z85
  std::string secret;             ///< 26 base32 characters = 128 random bits
  bool operator==(const JoinToken&) const = default;
};

std::string to_text(const JoinToken& token);
/// Errors: kMalformed, naming what is wrong with the text (prefix, alphabet, length, host).
Result<JoinToken> parse_join_token(std::string_view text);
/// BLAKE2b-256 of a secret as 64 hex characters: what is stored and compared.
std::string secret_hash(std::string_view secret);
/// 128 random bits as 26 lower-case base32 characters.
std::string random_secret();
/// May stand in a token: names and addresses with commas between, without blanks, at most 253 bytes.
bool is_join_host(std::string_view host);
/// The hosts of a list with commas between, each once, in its order; empty ones left out.
std::vector<std::string> hosts_of(std::string_view list);
/// "tcp://host:port", with brackets around an IPv6 address.
std::string tcp_endpoint(const std::string& host, std::uint16_t port);
/// The port at the end of an endpoint; 0 when there is none.
std::uint16_t port_of(const std::string& endpoint);

}  // namespace capmap
