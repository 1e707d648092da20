#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/result.hpp"

namespace capmap {

/// What somebody who connects may hold a certificate against, both of SHA-256 in hex.
struct Fingerprints {
  std::string certificate;  ///< of the whole, as browsers show it; another with each certificate
  std::string public_key;   ///< of its key (SubjectPublicKeyInfo), as it is pinned; the same while the key is
};

/// A certificate with those that signed it, and its key, ready for GnuTLS, whose types stay in tls_pair.cpp and http/server_tls.cpp.
class TlsPair {
 public:
  /// Reads both files (PEM) and holds them against each other. Errors: those of reading; kDenied (the key may be read by others, or belongs
  /// to somebody else: with the command that mends it); kMalformed (not PEM, the key is not the certificate's).
  static Result<std::shared_ptr<const TlsPair>> load(const std::string& certificate_file, const std::string& key_file);
  ~TlsPair();
  TlsPair(const TlsPair&) = delete;
  TlsPair& operator=(const TlsPair&) = delete;

  [[nodiscard]] const Fingerprints& fingerprints() const { return fingerprints_; }
  [[nodiscard]] std::uint64_t expires_unix_s() const { return expires_unix_s_; }
  struct Native;
  [[nodiscard]] Native& native() const { return *native_; }

 private:
  TlsPair();
  std::unique_ptr<Native> native_;
  Fingerprints fingerprints_;
  std::uint64_t expires_unix_s_ = 0;
};

/// Makes a key (P-256) and a certificate signed by it for these names and addresses, good for ten years: who connects pins it. The key file
/// is 0600. Nothing is overwritten. Errors: kUnavailable (a file is there already), those of writing.
Result<Fingerprints> make_self_signed(const std::string& certificate_file, const std::string& key_file,
                                      const std::vector<std::string>& names, std::uint64_t now_unix_s);

/// "AB:CD:…" of hex.
std::string with_colons(const std::string& hex);

}  // namespace capmap
