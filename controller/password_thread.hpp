#pragma once
#include <string>
#include <zmq.hpp>

#include "common/result.hpp"
#include "controller/requests.hpp"

namespace capmap {

/// argon2id of a password (libsodium), as its text. 64 MiB and some 60 ms. Errors: kFull (no memory for it).
Result<std::string> hash_password(const std::string& password);
/// Whether it is the password of that text.
bool password_fits(const std::string& password, const std::string& hash);

/// The password worker: PasswordJob after PasswordJob from `input`, each PasswordDone to `output` (HttpInput). Ends with Done on stop.
Result<Done> run_passwords(zmq::context_t& context, const std::string& input, const std::string& output);

}  // namespace capmap
