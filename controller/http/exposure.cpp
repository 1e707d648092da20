#include "controller/http/exposure.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "common/join_token.hpp"
#include "common/log.hpp"
#include "controller/http/guard.hpp"
#include "controller/store/files.hpp"

namespace capmap {
namespace {

constexpr std::size_t kLeastSecretBytes = 20, kMostSecretBytes = 4'096;

Error setting_error(const char* key, const std::string& what) {
  return {ErrorCode::kMalformed, std::string(key) + ": " + what};
}

Result<std::string> read_secret(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && (status.st_mode & 077U) != 0) {
    return Error{ErrorCode::kDenied, path + ": may be read or written by others; run chmod 600 " + path};
  }
  auto text = read_whole_file(path, kMostSecretBytes);
  if (!text) return text;
  while (!text->empty() && (text->back() == '\n' || text->back() == ' ')) text->pop_back();
  if (text->size() >= kLeastSecretBytes) return text;
  return setting_error("http.proxy_secret", path + " must hold at least 20 characters that nobody can guess");
}

Result<Done> read_proxy(const ControllerSettings& settings, GateOptions& gate) {
  if (settings.behind_proxy.empty()) {
    if (settings.proxy_user_header.empty() && settings.proxy_secret.empty()) return Done{};
    return setting_error("http.behind_proxy", "must say where the proxy is that http.proxy_user_header and http.proxy_secret are of");
  }
  auto ranges = parse_address_ranges(settings.behind_proxy);
  if (!ranges) return setting_error("http.behind_proxy", ranges.error().what);
  gate.proxies = std::move(*ranges);
  gate.proxy_user_header = settings.proxy_user_header;
  for (char& c : gate.proxy_user_header) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  if (gate.proxy_user_header.empty() || !std::all_of(gate.proxy_user_header.begin(), gate.proxy_user_header.end(), good)) {
    return setting_error("http.proxy_user_header", "must be the header in which the proxy names the user, such as X-Remote-User");
  }
  if (!settings.proxy_secret.empty()) {
    const auto secret = read_secret(settings.proxy_secret);
    if (!secret) return secret.error();
    gate.proxy_secret_hash = secret_hash(*secret);
  } else if (std::any_of(gate.proxies.begin(), gate.proxies.end(), [](const AddressRange& range) { return range.contains_loopback(); })) {
    return setting_error("http.proxy_secret",
                         "is needed where http.behind_proxy holds an address of this machine, for any program here could name any user: "
                         "put 40 random characters into a file of mode 0600, name it here, and let the proxy send them in "
                         "X-Capmap-Proxy-Secret");
  }
  return Done{};
}

}  // namespace

Result<GateOptions> read_gate(const ControllerSettings& settings) {
  GateOptions gate;
  if (auto read = read_proxy(settings, gate); !read) return read.error();
  const bool local = is_loopback_address(settings.http_address);
  const bool plain = settings.tls_certificate.empty() && gate.proxies.empty();
  if (!settings.anonymous.empty() && settings.anonymous != "read" && settings.anonymous != "none") {
    return setting_error("http.anonymous", "\"" + settings.anonymous + "\" must be read or none");
  }
  gate.anonymous_reads = settings.anonymous.empty() ? local && plain : settings.anonymous == "read";
  gate.local_hosts_only = local && settings.tls_certificate.empty();
  gate.sessions = {.idle_ms = settings.session_idle_s * std::uint64_t{1'000}, .most_ms = settings.session_most_s * std::uint64_t{1'000}};
  return gate;
}

Result<std::shared_ptr<const TlsPair>> read_tls(const ControllerSettings& settings) {
  if (settings.tls_certificate.empty() != settings.tls_key.empty()) {
    return setting_error(settings.tls_key.empty() ? "http.tls_key" : "http.tls_certificate",
                         "is needed too: a certificate and its key are a pair");
  }
  if (settings.tls_certificate.empty()) return std::shared_ptr<const TlsPair>();
  return TlsPair::load(settings.tls_certificate, settings.tls_key);
}

void tell_tls(const TlsPair& pair, std::uint64_t now_unix_ms) {
  log_info("tls", {{"certificate_sha256", pair.fingerprints().certificate}, {"public_key_sha256", pair.fingerprints().public_key}});
  if (pair.expires_unix_s() <= now_unix_ms / 1'000) {
    log_warn("tls_certificate_expired", {{"fix", "replace the files of http.tls_certificate and http.tls_key, then send SIGHUP"}});
  }
}

void reload_tls(const ControllerSettings& settings, Published<TlsPair>& tls, std::uint64_t now_unix_ms) {
  if (settings.tls_certificate.empty()) return log_info("reload", {{"what", "there is no certificate to read anew"}});
  auto pair = read_tls(settings);
  if (!pair) return log_error("tls_kept_old", {{"what", pair.error().what}});
  if ((*pair)->expires_unix_s() <= now_unix_ms / 1'000) {
    return log_error("tls_kept_old", {{"what", settings.tls_certificate + ": has expired"}});
  }
  tell_tls(**pair, now_unix_ms);
  tls.publish(std::move(*pair));
}

}  // namespace capmap
