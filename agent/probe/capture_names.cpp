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

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Of a word without joints: a secret ends where none stands.
bool is_inner(char c) {
  return is_letter(c) || is_digit(c);
}

/// Joins words into one name ("luks-UUID", "rhel_node17", "intel-rapl:0").
bool is_joint(char c) {
  return c == ':' || c == '-' || c == '_';
}

/// `text` begins with something of the form and then ends or goes on with another word. The same places are hexadecimal digits, the others
/// as in the pattern ("xx:xx:…").
bool begins_with_form(std::string_view text, std::string_view form) {
  return text.size() >= form.size() && (text.size() == form.size() || !is_inner(text[form.size()])) &&
         std::equal(form.begin(), form.end(), text.begin(), [](char f, char c) { return f == 'x' ? is_hex(c) : c == f; });
}

constexpr std::string_view kMac = "xx:xx:xx:xx:xx:xx", kUuid = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", kMacDigits = "xxxxxxxxxxxx";

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

/// What stands there for a secret that `text` begins with, and how long that is; length 0 where it begins with none.
NameHider::Hidden NameHider::hide_first(std::string_view text) const {
  if (begins_with_form(text, kMac) && !says_nothing(text.substr(0, kMac.size()))) {
    return {kMac.size(), "02" + in_form(kMac.substr(2), hash(text.substr(0, kMac.size()), 2 * (kMacBytes - 1)))};
  }
  if (begins_with_form(text, kUuid) && !says_nothing(text.substr(0, kUuid.size()))) {
    return {kUuid.size(), in_form(kUuid, hash(text.substr(0, kUuid.size()), 32))};
  }
  constexpr std::string_view kEnx = "enx";
  if (text.starts_with(kEnx) && begins_with_form(text.substr(kEnx.size()), kMacDigits)) {
    return {kEnx.size() + kMacDigits.size(), "enx" + hash(text.substr(kEnx.size(), kMacDigits.size()), kMacDigits.size())};
  }
  const auto digits = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_hex) - text.begin());
  if (digits >= kLongHex && (digits == text.size() || !is_inner(text[digits]))) return {digits, hash(text.substr(0, digits), digits)};
  return {};
}

/// The machine's name, or the first part of it, at `at`. As a part of another name ("rhel_node17") it is taken only where it has a digit:
/// a machine may be called "intel".
NameHider::Hidden NameHider::hide_host(std::string_view text, std::size_t at) const {
  for (const auto name : {std::string_view(hostname_), std::string_view(hostname_).substr(0, hostname_.find('.'))}) {
    const auto rest = text.substr(at);
    if (std::none_of(name.begin(), name.end(), is_letter) || !rest.starts_with(name)) continue;
    const bool joined = (at > 0 && is_joint(text[at - 1])) || (rest.size() > name.size() && is_joint(rest[name.size()]));
    const bool goes_on = rest.size() > name.size() && is_inner(rest[name.size()]);
    if (goes_on || (joined && std::none_of(name.begin(), name.end(), is_digit))) continue;
    return {name.size(), "host-" + hash(name, 8)};
  }
  return {};
}

std::string NameHider::hide_text(std::string_view text) const {
  std::string hidden;
  hidden.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const bool begins = at == 0 || !is_inner(text[at - 1]);
    auto found = begins ? hide_first(text.substr(at)) : Hidden();
    if (begins && found.length == 0) found = hide_host(text, at);
    if (found.length == 0) {
      hidden += text[at++];
      continue;
    }
    hidden += found.instead;
    at += found.length;
  }
  return hidden;
}

/// "naa.5000c5…" keeps what kind of name it is.
std::string NameHider::hide_value(std::string_view value) const {
  if (value.empty() || says_nothing(value)) return std::string(value);
  auto whole = hide_first(value);
  if (whole.length == 0) whole = hide_host(value, 0);
  if (whole.length == value.size()) return whole.instead;
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
