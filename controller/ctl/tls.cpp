#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <ostream>

#include "common/clock.hpp"
#include "controller/ctl/access.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

std::string certificate_of(const std::string& state) {
  return state + "/tls.crt";
}
std::string key_of(const std::string& state) {
  return state + "/tls.key";
}

void show(const Screen& screen, const std::string& state, const Fingerprints& prints) {
  if (screen.json) {
    const ApiJson answer = {{"certificate", certificate_of(state)},
                            {"key", key_of(state)},
                            {"certificate_sha256", prints.certificate},
                            {"public_key_sha256", prints.public_key}};
    screen.out << answer.dump() << "\n";
    return;
  }
  screen.out << "certificate  " << printable(certificate_of(state)) << "\n"
             << "key          " << printable(key_of(state)) << "\n"
             << "certificate  SHA-256 " << with_colons(prints.certificate) << "\n"
             << "public key   SHA-256 " << with_colons(prints.public_key) << "  (for --tls-fingerprint)\n";
}

}  // namespace

Result<Fingerprints> make_tls_pair(const std::string& state, std::vector<std::string> names) {
  if (access(certificate_of(state).c_str(), F_OK) == 0 && access(key_of(state).c_str(), F_OK) == 0) {
    const auto pair = TlsPair::load(certificate_of(state), key_of(state));
    if (!pair) return pair.error();
    return (*pair)->fingerprints();
  }
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) == 0 && host[0] != '\0') names.emplace_back(host.data());
  for (const char* local : {"localhost", "127.0.0.1", "::1"}) names.emplace_back(local);
  std::vector<std::string> once;
  for (const auto& name : names) {
    if (std::find(once.begin(), once.end(), name) == once.end()) once.push_back(name);
  }
  return make_self_signed(certificate_of(state), key_of(state), once, SystemClock().unix_ms() / 1'000);
}

Result<Done> make_tls(const ApiConnection& connection, const Screen& screen, const std::vector<std::string>& names) {
  for (const auto& path : {certificate_of(connection.state), key_of(connection.state)}) {
    if (access(path.c_str(), F_OK) == 0) {
      return Error{ErrorCode::kDenied, path + ": is there already and is not overwritten; move it away first"};
    }
  }
  const auto prints = make_tls_pair(connection.state, names);
  if (!prints) return prints.error();
  show(screen, connection.state, *prints);
  return Done{};
}

Result<Done> show_tls(const ApiConnection& connection, const Screen& screen) {
  const auto pair = TlsPair::load(certificate_of(connection.state), key_of(connection.state));
  if (!pair) return pair.error();
  show(screen, connection.state, (*pair)->fingerprints());
  return Done{};
}

}  // namespace capmap
