#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace capmap {

struct ApiRequest {
  std::string method = "GET";  ///< GET, POST or DELETE
  std::string path;            ///< begins with '/', already escaped
  std::string body;            ///< JSON, for POST
  std::string bearer;          ///< admin token; empty = none
  std::string accept{};        ///< media types wanted; empty = JSON
  bool secret_body = false;    ///< the body is as little sent in the clear as a token
  std::string tls_ca{};        ///< file of certificates (PEM) to trust instead of the system's
  std::string tls_pin{};       ///< SHA-256 of the server's public key, hex, colons between or not: instead of any certificate's signature
  /// Where set: an answer that goes on. What comes of one with status 200 is given to it as it comes, for as long as it says true; the
  /// timeout is for what comes next (kStreamSilenceS), no longer for all of it.
  std::function<bool(std::string_view)> on_bytes{};
};
inline constexpr std::uint32_t kStreamSilenceS = 45;  ///< pings come each 15 s: who is silent for so long is gone

struct ApiReply {
  std::uint32_t status = 0;
  std::string body;
  std::string link{};  ///< the Link header (RFC 8288); empty: there was none
};

/// One HTTP exchange through libcurl: no redirects, no proxy, at most 64 MiB of answer. A POST carries an Idempotency-Key.
/// `base_url` is "http://host:port" or "https://host:port". The token is never sent in the clear to another machine.
/// Errors: kMalformed (base_url, pin), kDenied (a token, plain HTTP and a host that is not loopback; a certificate that is not trusted),
/// kTimeout, kUnavailable (no connection: says to whom), kFull (answer too long). Thread: any; blocks up to timeout_ms.
Result<ApiReply> send_request(const std::string& base_url, std::uint32_t timeout_ms, const ApiRequest& request);

/// Text as one part of a path or query.
std::string url_escaped(const std::string& text);

}  // namespace capmap
