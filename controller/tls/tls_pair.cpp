#include "controller/tls/tls_pair.hpp"

#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "controller/store/files.hpp"
#include "controller/tls/tls_native.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostPemBytes = 1'048'576;
constexpr unsigned kMostCertificates = 16;
constexpr mode_t kOthersMay = 077;

Error tls_error(const std::string& place, int code) {
  return {ErrorCode::kMalformed, place + ": " + gnutls_strerror(code)};
}

std::string hex_of(const std::array<unsigned char, 32>& bytes, std::size_t size) {
  static constexpr const char* kHex = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += kHex[bytes[i] >> 4U];
    text += kHex[bytes[i] & 15U];
  }
  return text;
}

/// A key that others may read is no secret any more, and one that others may write may be theirs.
Result<Done> check_key_file(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return file_error(path, "read", errno);
  if (status.st_uid != geteuid() && status.st_uid != 0) {
    return Error{ErrorCode::kDenied, path + ": belongs to another user; run chown " + std::to_string(geteuid()) + " " + path};
  }
  if ((status.st_mode & kOthersMay) != 0) {
    return Error{ErrorCode::kDenied, path + ": may be read or written by others; run chmod 600 " + path};
  }
  return Done{};
}

gnutls_datum_t datum_of(const std::string& text) {
  return {.data = reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())), .size = static_cast<unsigned>(text.size())};
}

struct Certificate {
  Certificate() { gnutls_x509_crt_init(&handle); }
  ~Certificate() { gnutls_x509_crt_deinit(handle); }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  gnutls_x509_crt_t handle = nullptr;
};
struct Key {
  Key() { gnutls_x509_privkey_init(&handle); }
  ~Key() { gnutls_x509_privkey_deinit(handle); }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  gnutls_x509_privkey_t handle = nullptr;
};

Fingerprints fingerprints_of(gnutls_x509_crt_t certificate) {
  std::array<unsigned char, 32> bytes{};
  Fingerprints prints;
  std::size_t size = bytes.size();
  if (gnutls_x509_crt_get_fingerprint(certificate, GNUTLS_DIG_SHA256, bytes.data(), &size) == 0) prints.certificate = hex_of(bytes, size);
  size = bytes.size();
  if (gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA256, bytes.data(), &size) == 0) prints.public_key = hex_of(bytes, size);
  return prints;
}

std::string key_id_of(gnutls_x509_privkey_t key) {
  std::array<unsigned char, 32> bytes{};
  std::size_t size = bytes.size();
  return gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, bytes.data(), &size) == 0 ? hex_of(bytes, size) : std::string();
}

std::string exported(const auto& get) {
  std::string text(16'384, '\0');
  std::size_t size = text.size();
  if (get(text.data(), &size) != 0) return {};
  text.resize(size);
  return text;
}

/// An address is told as one: clients do not take it for a name.
int add_name(gnutls_x509_crt_t certificate, const std::string& name) {
  std::array<unsigned char, 16> address{};
  unsigned size = 0;
  if (inet_pton(AF_INET, name.c_str(), address.data()) == 1) size = 4;
  if (inet_pton(AF_INET6, name.c_str(), address.data()) == 1) size = 16;
  if (size != 0) return gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, address.data(), size, GNUTLS_FSAN_APPEND);
  return gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, name.data(), static_cast<unsigned>(name.size()),
                                              GNUTLS_FSAN_APPEND);
}

/// Signed by its own key. 0, or GnuTLS's error.
int fill_in(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key, const std::vector<std::string>& names, std::uint64_t now_unix_s) {
  constexpr std::uint64_t kHourS = 3'600, kTenYearsS = 315'360'000;
  std::array<unsigned char, 16> serial{};
  gnutls_rnd(GNUTLS_RND_NONCE, serial.data(), serial.size());
  serial[0] &= 0x7FU;
  const std::string name = names.empty() ? "capmap" : names.front();
  int code = gnutls_x509_crt_set_version(certificate, 3);
  const auto then = [&code](int next) { code = code == 0 ? next : code; };
  then(gnutls_x509_crt_set_serial(certificate, serial.data(), serial.size()));
  then(gnutls_x509_crt_set_activation_time(certificate, static_cast<time_t>(now_unix_s - kHourS)));
  then(gnutls_x509_crt_set_expiration_time(certificate, static_cast<time_t>(now_unix_s + kTenYearsS)));
  then(gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name.data(), static_cast<unsigned>(name.size())));
  for (const auto& each : names) then(add_name(certificate, each));
  then(gnutls_x509_crt_set_basic_constraints(certificate, 0, -1));
  then(gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_DIGITAL_SIGNATURE));
  then(gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_SERVER, 0));
  then(gnutls_x509_crt_set_key(certificate, key));
  then(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0));
  return code;
}

}  // namespace

TlsPair::TlsPair() : native_(std::make_unique<Native>()) {}

TlsPair::~TlsPair() {
  for (auto& certificate : native_->chain) gnutls_pcert_deinit(&certificate);
  if (native_->key != nullptr) gnutls_privkey_deinit(native_->key);
}

Result<std::shared_ptr<const TlsPair>> TlsPair::load(const std::string& certificate_file, const std::string& key_file) {
  const auto certificates = read_whole_file(certificate_file, kMostPemBytes);
  if (!certificates) return certificates.error();
  if (auto good = check_key_file(key_file); !good) return good.error();
  const auto key_text = read_whole_file(key_file, kMostPemBytes);
  if (!key_text) return key_text.error();
  std::shared_ptr<TlsPair> pair(new TlsPair);
  Native& native = *pair->native_;
  auto pem = datum_of(*certificates);
  unsigned count = kMostCertificates;
  native.chain.resize(count);
  int code = gnutls_pcert_list_import_x509_raw(native.chain.data(), &count, &pem, GNUTLS_X509_FMT_PEM, 0);
  native.chain.resize(code < 0 ? 0 : count);
  if (code < 0) return tls_error(certificate_file + ": is no certificate in PEM", code);
  const Certificate own;
  code = gnutls_x509_crt_import(own.handle, &native.chain.front().cert, GNUTLS_X509_FMT_DER);
  if (code < 0) return tls_error(certificate_file, code);
  const Key key;
  pem = datum_of(*key_text);
  code = gnutls_x509_privkey_import(key.handle, &pem, GNUTLS_X509_FMT_PEM);
  if (code < 0) return tls_error(key_file + ": is no private key in PEM without a password", code);
  pair->fingerprints_ = fingerprints_of(own.handle);
  if (key_id_of(key.handle) != pair->fingerprints_.public_key || pair->fingerprints_.public_key.empty()) {
    return Error{ErrorCode::kMalformed, key_file + ": is not the key of " + certificate_file};
  }
  pair->expires_unix_s_ = static_cast<std::uint64_t>(std::max<time_t>(gnutls_x509_crt_get_expiration_time(own.handle), 0));
  code = gnutls_privkey_init(&native.key);
  if (code == 0) code = gnutls_privkey_import_x509(native.key, key.handle, GNUTLS_PRIVKEY_IMPORT_COPY);
  if (code < 0) return tls_error(key_file, code);
  return std::shared_ptr<const TlsPair>(std::move(pair));
}

Result<Fingerprints> make_self_signed(const std::string& certificate_file, const std::string& key_file,
                                      const std::vector<std::string>& names, std::uint64_t now_unix_s) {
  for (const auto& path : {certificate_file, key_file}) {
    if (access(path.c_str(), F_OK) == 0) return Error{ErrorCode::kUnavailable, path + ": is there already and is not overwritten"};
  }
  const Key key;
  int code = gnutls_x509_privkey_generate(key.handle, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
  if (code < 0) return tls_error("making a key", code);
  const Certificate certificate;
  code = fill_in(certificate.handle, key.handle, names, now_unix_s);
  if (code < 0) return tls_error("making a certificate", code);
  const auto key_text = exported([&](char* to, std::size_t* size) {
    return gnutls_x509_privkey_export_pkcs8(key.handle, GNUTLS_X509_FMT_PEM, nullptr, GNUTLS_PKCS_PLAIN, to, size);
  });
  const auto text =
      exported([&](char* to, std::size_t* size) { return gnutls_x509_crt_export(certificate.handle, GNUTLS_X509_FMT_PEM, to, size); });
  if (key_text.empty() || text.empty()) return Error{ErrorCode::kMalformed, "a certificate that was made could not be written as text"};
  if (auto written = write_file_atomically(key_file, key_text, 0600); !written) return written.error();
  if (auto written = write_file_atomically(certificate_file, text, 0644); !written) return written.error();
  return fingerprints_of(certificate.handle);
}

std::string with_colons(const std::string& hex) {
  std::string text;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    if (i != 0) text += ':';
    for (const char c : hex.substr(i, 2)) text += c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return text;
}

}  // namespace capmap
