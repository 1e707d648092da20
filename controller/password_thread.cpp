#include "controller/password_thread.hpp"

#include <sodium.h>

#include <array>
#include <memory>
#include <utility>

#include "common/join_token.hpp"
#include "common/transport.hpp"

namespace capmap {

Result<std::string> hash_password(const std::string& password) {
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (crypto_pwhash_str_alg(text.data(), password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                            crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return Error{ErrorCode::kFull, "there is no memory to hash a password (64 MiB)"};
  }
  return std::string(text.data());
}

bool password_fits(const std::string& password, const std::string& hash) {
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

Result<Done> run_passwords(zmq::context_t& context, const std::string& input, const std::string& output) {
  if (sodium_init() < 0) return Error{ErrorCode::kUnavailable, "libsodium could not be started"};
  auto in = open_pull(context, input.c_str());
  if (!in) return in.error();
  auto out = open_push(context, output.c_str());
  if (!out) return out.error();
  std::string nobodys;  // a hash no password fits: who does not exist is refused as late as who does
  for (;;) {
    auto job = receive_object<PasswordJob>(*in, -1);
    if (!job) return job.error();
    if (!*job) return Done{};
    PasswordJob& what = **job;
    PasswordDone done{.ticket = what.ticket};
    if (what.hash) {
      if (nobodys.empty()) {
        if (auto made = hash_password(random_secret())) nobodys = std::move(*made);
      }
      done.fits = password_fits(what.password, what.hash->empty() ? nobodys : *what.hash) && !what.hash->empty();
    } else if (auto hash = hash_password(what.password)) {
      done.hash = std::move(*hash);
    }
    sodium_memzero(what.password.data(), what.password.size());
    static_cast<void>(send_object(*out, std::make_unique<HttpInput>(std::move(done)), false));
  }
}

}  // namespace capmap
