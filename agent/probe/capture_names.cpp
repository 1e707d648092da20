#include "agent/probe/capture_names.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <vector>

namespace capmap {
namespace {

constexpr std::array<std::string_view, 21> kSecretFiles = {
    "serial",    "serial_number", "product_serial", "board_serial", "chassis_serial",    "product_uuid",    "wwid",
    "wwn",       "eui",           "nguid",          "uuid",         "unique_id",         "node_guid",       "sys_image_guid",
    "node_desc", "machine-id",    "boot_id",        "vpd_pg80",     "chassis_asset_tag", "board_asset_tag", "subsysnqn"};
constexpr std::array<std::string_view, 6> kSecretInfoParts = {"Serial", "GUID", "GID", "UUID", "AssetTag", "WWN"};
constexpr std::size_t kLongHex = 32, kMacBytes = 6;

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_word(char c) {
  return is_hex(c) || (c >= 'g' && c <= 'z') || (c >= 'G' && c <= 'Z') || c == ':' || c == '-' || c == '_';
}

/// The same places are hexadecimal digits, the others as in the pattern ("xx:xx:…").
bool has_form(std::string_view word, std::string_view form) {
  return word.size() == form.size() &&
         std::equal(word.begin(), word.end(), form.begin(), [](char c, char f) { return f == 'x' ? is_hex(c) : c == f; });
}

constexpr std::string_view kMac = "xx:xx:xx:xx:xx:xx", kUuid = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", kMacName = "enxxxxxxxxxxxxx";

bool says_nothing(std::string_view word) {
  return std::all_of(word.begin(), word.end(), [](char c) { return c == '0' || c == ':' || c == '-'; }) ||
         std::all_of(word.begin(), word.end(), [](char c) { return c == 'f' || c == 'F' || c == ':' || c == '-'; });
}

/// Digits of `hash` in the places of a form.
std::string in_form(std::string_view form, std::string_view hash) {
  std::string word(form);
  std::size_t next = 0;
  for (auto& c : word) {
    if (c == 'x') c = hash[next++];
  }
  return word;
}

}  // namespace

std::string NameHider::hash(std::string_view text, std::size_t digits) const {
  std::array<unsigned char, crypto_generichash_BYTES_MAX> bytes{};
  const std::string input = std::to_string(salt_.size()) + ":" + salt_ + std::string(text);
  crypto_generichash(bytes.data(), bytes.size(), reinterpret_cast<const unsigned char*>(input.data()), input.size(), nullptr, 0);
  std::array<char, 2 * crypto_generichash_BYTES_MAX + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), bytes.data(), bytes.size());
  return std::string(hex.data(), std::min(digits, hex.size() - 1));
}

std::string NameHider::hide_word(std::string_view word) const {
  if (!hostname_.empty() && word == hostname_) return "host-" + hash(word, 8);
  if (has_form(word, kMac) && !says_nothing(word)) return "02" + in_form(kMac.substr(2), hash(word, 2 * (kMacBytes - 1)));
  if (has_form(word, kUuid) && !says_nothing(word)) return in_form(kUuid, hash(word, 32));
  if (word.size() == kMacName.size() && word.starts_with("enx") && std::all_of(word.begin() + 3, word.end(), is_hex)) {
    return "enx" + hash(word.substr(3), 2 * kMacBytes);
  }
  if (word.size() >= kLongHex && std::all_of(word.begin(), word.end(), is_hex)) return hash(word, word.size());
  return std::string(word);
}

std::string NameHider::hide_text(std::string_view text) const {
  std::string hidden;
  hidden.reserve(text.size());
  while (!text.empty()) {
    const auto end = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_word) - text.begin());
    if (end > 0) hidden += hide_word(text.substr(0, end));
    const auto next =
        static_cast<std::size_t>(std::find_if(text.begin() + static_cast<std::ptrdiff_t>(end), text.end(), is_word) - text.begin());
    hidden.append(text.substr(end, next - end));
    text.remove_prefix(next);
  }
  return hidden;
}

void NameHider::hide_places(bool remote, std::string& source, std::string& mount) const {
  const bool plain = !remote && source.starts_with("/dev/") && source.find('/', 5) == std::string::npos;
  if (!plain) source = "hidden-" + hash(source, 8);
  if (mount != "/") mount = "/hidden-" + hash(mount, 8);
}

/// "naa.5000c5…" keeps what kind of name it is.
std::string NameHider::hide_value(std::string_view value) const {
  if (value.empty() || says_nothing(value)) return std::string(value);
  const auto as_word = hide_word(value);
  if (as_word != value) return as_word;
  const auto dot = value.find('.');
  const auto kept = dot == 3 || dot == 4 ? value.substr(0, dot + 1) : std::string_view();
  return std::string(kept) + hash(value, 16);
}

std::string NameHider::hide_file(std::string_view path, const std::string& text) const {
  const auto name = path.substr(path.rfind('/') + 1);
  const bool address = name == "address" && path.find("/net/") != std::string_view::npos;
  const bool gid = path.find("/gids/") != std::string_view::npos;
  if (!address && !gid && std::find(kSecretFiles.begin(), kSecretFiles.end(), name) == kSecretFiles.end()) return hide_text(text);
  std::string_view value = text;
  while (!value.empty() && static_cast<unsigned char>(value.back()) <= ' ') value.remove_suffix(1);
  if (value.empty()) return text;
  return hide_value(value) + text.substr(value.size());
}

std::string NameHider::hide_xml(const std::string& xml) const {
  constexpr std::string_view kInfo = "<info name=\"", kValue = "\" value=\"";
  std::string hidden;
  for (std::string_view rest = xml; !rest.empty();) {
    const auto line = rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1);
    rest.remove_prefix(line.size());
    const auto info = line.find(kInfo), value = line.find(kValue), end = line.rfind('"');
    const bool whole = info != std::string_view::npos && value != std::string_view::npos && end > value + kValue.size() - 1;
    const auto name = whole ? line.substr(info + kInfo.size(), value - info - kInfo.size()) : std::string_view();
    const auto in_name = [name](std::string_view part) { return name.find(part) != std::string_view::npos; };
    if (!whole || !(name == "Address" || std::any_of(kSecretInfoParts.begin(), kSecretInfoParts.end(), in_name))) {
      hidden += hide_text(line);
      continue;
    }
    const auto begin = value + kValue.size();
    hidden.append(line.substr(0, begin)).append(hide_value(line.substr(begin, end - begin))).append(line.substr(end));
  }
  return hidden;
}

}  // namespace capmap
