#include <zmq.h>

#include <algorithm>
#include <array>

#include "common/check.hpp"
#include "common/private_file.hpp"
#include "common/transport.hpp"
#include "common/whole_file.hpp"

namespace capmap {
namespace {

constexpr std::size_t kKeyText = 40, kMaxKeyFile = 4'096;

bool is_z85_digit(char c) {
  constexpr std::string_view kMarks = ".-:+=^!/*?&<>()[]{}@%$#";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kMarks.find(c) != std::string_view::npos;
}

}  // namespace

CurveKeys make_curve_keys() {
  std::array<char, kKeyText + 1> public_key{}, secret_key{};
  check(zmq_curve_keypair(public_key.data(), secret_key.data()) == 0, "this libzmq is built without CURVE");
  return {.public_key = public_key.data(), .secret_key = secret_key.data()};
}

Result<std::string> curve_public_of(const std::string& secret_key) {
  std::array<char, kKeyText + 1> public_key{};
  if (!is_z85_key(secret_key) || zmq_curve_public(public_key.data(), secret_key.c_str()) != 0) {
    return Error{ErrorCode::kMalformed, "not a secret key: 40 characters of Z85 are wanted"};
  }
  return std::string(public_key.data());
}

bool is_z85_key(std::string_view text) {
  if (text.size() != kKeyText || !std::all_of(text.begin(), text.end(), is_z85_digit)) return false;
  // Five digits hold a little more than the 32 bits they stand for; libzmq refuses what is over.
  std::array<std::uint8_t, 32> bytes{};
  return zmq_z85_decode(bytes.data(), std::string(text).c_str()) != nullptr;
}

Result<CurveKeys> load_curve_keys(const std::string& path) {
  const auto content = read_private_file(path, kMaxKeyFile, "this secret key");
  if (!content) return content.error();
  std::string_view text = *content;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  CurveKeys keys{.public_key = {}, .secret_key = std::string(text)};
  auto public_key = curve_public_of(keys.secret_key);
  if (!public_key) return Error{ErrorCode::kMalformed, path + ": " + public_key.error().what};
  keys.public_key = *public_key;
  return keys;
}

Result<Done> save_curve_keys(const std::string& path, const CurveKeys& keys) {
  return write_file_atomically(path, keys.secret_key + "\n", 0600, Existing::kKept);
}

}  // namespace capmap
