#include "controller/ctl/http_client.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <memory>

#include "common/ids.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxAnswerBytes = 64 * 1024 * 1024;

struct Handles {
  static void close(CURL* handle) { curl_easy_cleanup(handle); }
  static void free_list(curl_slist* list) { curl_slist_free_all(list); }
  static void free_url(CURLU* url) { curl_url_cleanup(url); }
};
template <class T, void (*Free)(T*)>
struct Deleter {
  void operator()(T* thing) const { Free(thing); }
};
using Easy = std::unique_ptr<CURL, Deleter<CURL, Handles::close>>;
using Headers = std::unique_ptr<curl_slist, Deleter<curl_slist, Handles::free_list>>;
using Url = std::unique_ptr<CURLU, Deleter<CURLU, Handles::free_url>>;

/// libcurl's global state: once a program, ended with it.
struct CurlLibrary {
  CurlLibrary() { curl_global_init(CURL_GLOBAL_DEFAULT); }
  ~CurlLibrary() { curl_global_cleanup(); }
  CurlLibrary(const CurlLibrary&) = delete;
  CurlLibrary& operator=(const CurlLibrary&) = delete;
};

std::string url_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

bool is_loopback(const std::string& host) {
  in_addr address{};  // a name may begin with "127." too, so only a whole address counts
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) return (ntohl(address.s_addr) >> 24) == 127;
  return host == "localhost" || host == "[::1]";
}

Result<Done> check_url(const std::string& base_url, bool carries_token) {
  const Url url(curl_url());
  if (!url || curl_url_set(url.get(), CURLUPART_URL, base_url.c_str(), 0) != CURLUE_OK) {
    return Error{ErrorCode::kMalformed, "--url " + base_url + " is no URL such as http://127.0.0.1:8470"};
  }
  const std::string scheme = url_part(url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return Error{ErrorCode::kMalformed, "--url " + base_url + ": only http and https are known"};
  }
  if (carries_token && scheme == "http" && !is_loopback(url_part(url.get(), CURLUPART_HOST))) {
    return Error{ErrorCode::kDenied, "tokens and passwords are not sent over plain HTTP to another machine (" + base_url +
                                         "): run capmapctl there, or use https or an SSH tunnel"};
  }
  return Done{};
}

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* into) {
  auto& body = *static_cast<std::string*>(into);
  if (size * count > kMaxAnswerBytes - body.size()) return 0;  // libcurl reports CURLE_WRITE_ERROR
  body.append(data, size * count);
  return size * count;
}

/// Where the bytes of an answer that goes on are to be told from those of a refusal.
struct Streamed {
  CURL* handle;
  const ApiRequest& request;
  std::string& body;
  bool enough = false;
};

std::size_t take_stream(char* data, std::size_t size, std::size_t count, void* into) {
  auto& streamed = *static_cast<Streamed*>(into);
  long status = 0;
  curl_easy_getinfo(streamed.handle, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return take_body(data, size, count, &streamed.body);
  streamed.enough = !streamed.request.on_bytes({data, size * count});
  return streamed.enough ? 0 : size * count;
}

/// Keeps the Link header; a line without end is none.
std::size_t take_header(char* data, std::size_t size, std::size_t count, void* into) {
  static constexpr std::string_view kName = "link: ";
  const std::string_view line(data, size * count);
  const bool is_link = line.size() > kName.size() && std::equal(kName.begin(), kName.end(), line.begin(), [](char a, char b) {
                         return a == std::tolower(static_cast<unsigned char>(b));
                       });
  if (is_link) *static_cast<std::string*>(into) = line.substr(kName.size(), line.find_last_not_of("\r\n") + 1 - kName.size());
  return size * count;
}

std::string random_key() {
  std::array<char, 20> text{};
  const int length = std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(random_u64()));
  return {text.data(), static_cast<std::size_t>(length)};
}

Headers make_headers(const ApiRequest& request) {
  curl_slist* list = nullptr;
  const auto add = [&list](const std::string& line) {
    if (auto* longer = curl_slist_append(list, line.c_str())) list = longer;
  };
  add("Accept: " + (request.accept.empty() ? std::string("application/json, application/problem+json") : request.accept));
  if (!request.bearer.empty()) add("Authorization: Bearer " + request.bearer);
  if (request.method != "GET") {
    if (request.method == "POST") add("Content-Type: application/json");
    add("Idempotency-Key: " + random_key());
    add("Expect:");
  }
  return Headers(list);
}

Error transport_error(CURLcode code, const std::string& base_url, const char* detail, std::uint32_t timeout_ms) {
  const std::string reason = *detail != '\0' ? detail : curl_easy_strerror(code);
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return {ErrorCode::kTimeout, base_url + " did not answer within " + std::to_string(timeout_ms) + " ms"};
  }
  if (code == CURLE_WRITE_ERROR) return {ErrorCode::kFull, base_url + ": the answer is longer than 64 MiB"};
  if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH) {
    return {ErrorCode::kDenied, base_url +
                                    " shows another key than --tls-fingerprint names: it was replaced (capmapctl tls fingerprint on the "
                                    "controller's machine shows it), or somebody stands between"};
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    return {ErrorCode::kDenied, base_url + ": " + reason + "; name its certificate with --tls-ca, or its key with --tls-fingerprint"};
  }
  return {ErrorCode::kUnavailable, "cannot reach the controller at " + base_url + ": " + reason};
}

/// "sha256//BASE64" as libcurl takes a pin; empty where it is none.
std::string curl_pin(const std::string& hex) {
  static constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  int half = -1;
  for (const char c : hex) {
    const auto lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (c == ':') continue;
    const int digit = lower >= '0' && lower <= '9' ? lower - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
    if (digit < 0) return {};
    if (half >= 0) bytes.push_back(static_cast<char>(half * 16 + digit));
    half = half >= 0 ? -1 : digit;
  }
  if (half >= 0 || bytes.size() != 32) return {};
  std::string text = "sha256//";
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&bytes, i](std::size_t k) { return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U; };
    const unsigned all = byte(0) << 16U | byte(1) << 8U | byte(2);
    for (unsigned k = 0; k < 4; ++k) text += i + k > bytes.size() ? '=' : kLetters[(all >> (18 - 6 * k)) & 63U];
  }
  return text;
}

/// Whom to trust with TLS: a pin, or a file of certificates, or what the system trusts.
Result<Done> set_trust(CURL* handle, const ApiRequest& request) {
  if (!request.tls_ca.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, request.tls_ca.c_str());
  if (request.tls_pin.empty()) return Done{};
  const auto pin = curl_pin(request.tls_pin);
  if (pin.empty()) {
    return Error{ErrorCode::kMalformed,
                 "--tls-fingerprint " + request.tls_pin + " is no SHA-256 in hex; capmapctl tls fingerprint shows it"};
  }
  // The key itself is known, so nobody has to vouch for it: libcurl ends the connection before a request where it is another.
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
  curl_easy_setopt(handle, CURLOPT_PINNEDPUBLICKEY, pin.c_str());
  return Done{};
}

}  // namespace

Result<ApiReply> send_request(const std::string& base_url, std::uint32_t timeout_ms, const ApiRequest& request) {
  static const CurlLibrary library;
  if (auto good = check_url(base_url, !request.bearer.empty() || request.secret_body); !good) return good.error();
  const Easy easy(curl_easy_init());
  if (!easy) return Error{ErrorCode::kFull, "libcurl has no memory for a request"};
  const Headers headers = make_headers(request);
  const std::string url = (base_url.ends_with('/') ? base_url.substr(0, base_url.size() - 1) : base_url) + request.path;
  std::array<char, CURL_ERROR_SIZE> detail{};
  ApiReply reply;
  CURL* handle = easy.get();
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  if (request.method == "DELETE") curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, "DELETE");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, detail.data());
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &reply.body);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &reply.link);
  if (auto trust = set_trust(handle, request); !trust) return trust.error();
  if (request.method == "POST") {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  Streamed streamed{.handle = handle, .request = request, .body = reply.body};
  if (request.on_bytes) {
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, 0L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeout_ms));
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(kStreamSilenceS));
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_stream);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &streamed);
    timeout_ms = kStreamSilenceS * 1'000;
  }
  if (const CURLcode code = curl_easy_perform(handle); code != CURLE_OK && !streamed.enough) {
    return transport_error(code, base_url, detail.data(), timeout_ms);
  }
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<std::uint32_t>(status);
  return reply;
}

std::string url_escaped(const std::string& text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~' || c == ',') {
      escaped += c;
    } else {
      escaped += '%';
      escaped += kHex[byte >> 4];
      escaped += kHex[byte & 15];
    }
  }
  return escaped;
}

}  // namespace capmap
