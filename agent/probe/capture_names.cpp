#include "agent/probe/capture_names.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "agent/probe/name_forms.hpp"
#include "agent/probe/words.hpp"

namespace capmap {
namespace {

constexpr std::array kSecretFiles = std::to_array<std::string_view>(
    {"serial",    "serial_number", "product_serial", "board_serial", "chassis_serial",    "product_uuid",    "wwid",
     "wwn",       "eui",           "nguid",          "uuid",         "unique_id",         "node_guid",       "sys_image_guid",
     "node_desc", "machine-id",    "boot_id",        "vpd_pg80",     "chassis_asset_tag", "board_asset_tag", "subsysnqn",
     "hostnqn",   "hostid",        "sas_address",    "port_name",    "node_name",         "fabric_name",     "phys_switch_id",
     "vpd_pg83",  "port_guid",     "phys_port_id",   "ifalias",      "perm_hwaddr",       "initiatorname"});
constexpr std::array kHostNames =
    std::to_array<std::string_view>({"etc/hostname", "proc/sys/kernel/hostname", "proc/sys/kernel/domainname"});
/// What makers write in these is no machine's name, and four numbers with dots are a version.
constexpr std::array kProductFiles = std::to_array<std::string_view>(
    {"os-release", "osrelease", "cpuinfo", "meminfo", "model", "vendor", "sys_vendor", "product_name", "board_vendor", "board_name",
     "bios_vendor", "bios_version", "bios_date", "version", "firmware_rev", "fw_ver", "accelerators.known"});
constexpr std::array<std::string_view, 6> kSecretInfoParts = {"Serial", "GUID", "GID", "UUID", "AssetTag", "WWN"};
constexpr std::size_t kNameDigits = 8, kValueDigits = 16;

template <class List>
bool is_among(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool says_nothing(std::string_view value) {
  return value.find_first_not_of("0:-") == std::string_view::npos || value.find_first_not_of("fF:-") == std::string_view::npos;
}

bool is_name(char c) {
  return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
}

/// What follows continues numbers with dots between them.
bool is_inside_numbers(std::string_view before) {
  return before.size() > 1 && before.ends_with('.') && before[before.size() - 2] >= '0' && before[before.size() - 2] <= '9';
}

/// Digits of `hash` in the places of a form; from the beginning again where it ends.
std::string in_form(std::string_view form, std::string_view hash) {
  std::string word(form);
  std::size_t next = 0;
  for (auto& c : word) {
    if (c == 'x') c = hash[next++ % hash.size()];
  }
  return word;
}

}  // namespace

NameHider::NameHider(std::string salt, const std::vector<std::string>& hostnames) : salt_(std::move(salt)) {
  for (const auto& hostname : hostnames) {
    const auto dot = hostname.find('.');
    const auto name = hostname.substr(0, dot);
    const bool tells = lower_case(name) != "localhost" && std::any_of(name.begin(), name.end(), [](char c) {
                         return lower_case({&c, 1}) >= "a";
                       });
    if (!tells || name.size() < 2) continue;
    names_.push_back(name);
    names_.push_back(lower_case(name));
    if (dot != std::string::npos && dot + 1 < hostname.size()) domains_.push_back(lower_case(hostname.substr(dot + 1)));
  }
}

std::string NameHider::hash(std::string_view text, std::size_t digits) const {
  std::array<unsigned char, crypto_generichash_BYTES_MAX> bytes{};
  const std::string input = std::to_string(salt_.size()) + ":" + salt_ + std::string(text);
  crypto_generichash(bytes.data(), bytes.size(), reinterpret_cast<const unsigned char*>(input.data()), input.size(), nullptr, 0);
  std::array<char, 2 * crypto_generichash_BYTES_MAX + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), bytes.data(), bytes.size());
  return std::string(hex.data(), std::min(digits, hex.size() - 1));
}

/// "host-…", and "domain-…" behind it where the name has one: of a known domain whole, else what follows the first dot.
std::string NameHider::hide_hostname(std::string_view name) const {
  if (name.empty()) return "";
  const auto lower = lower_case(name);
  auto dot = lower.find('.');
  for (const auto& domain : domains_) {
    if (lower == domain) return "domain-" + hash(domain, kNameDigits);
    if (lower.ends_with("." + domain)) dot = lower.size() - domain.size() - 1;
  }
  const auto host = "host-" + hash(lower.substr(0, dot), kNameDigits);
  return dot == std::string::npos ? host : host + ".domain-" + hash(lower.substr(dot + 1), kNameDigits);
}

/// Length of the host's name that `text` begins with; 0 when it does not.
std::size_t NameHider::find_name(std::string_view text, bool short_names) const {
  auto word = text.substr(0, static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_name) - text.begin()));
  while (word.ends_with('.')) word.remove_suffix(1);
  for (const auto& domain : domains_) {
    const auto lower = lower_case(word);
    if (lower.ends_with("." + domain) || (lower == domain && domain.find('.') != std::string::npos)) return word.size();
  }
  for (const auto& name : names_) {
    const bool ends = text.size() == name.size() || (text.size() > name.size() && !is_letter_or_digit(text[name.size()]));
    if (short_names && ends && text.starts_with(name)) return name.size();
  }
  return 0;
}

std::string NameHider::hide_in(std::string_view text, bool short_names, bool ipv4) const {
  std::string hidden;
  hidden.reserve(text.size());
  while (!text.empty()) {
    std::size_t length = find_name(text, short_names);
    if (length > 0) {
      hidden += hide_hostname(text.substr(0, length));
    } else if (const auto found = find_name_form(text, ipv4 && !is_inside_numbers(hidden)); found.length > 0) {
      length = found.length;
      hidden += in_form(found.form, hash(text.substr(0, length), found.form.size()));
    } else {
      const auto word = std::find_if_not(text.begin(), text.end(), is_letter_or_digit);
      const auto next = std::find_if(word, text.end(), is_letter_or_digit);
      length = static_cast<std::size_t>(next - text.begin());
      hidden += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return hidden;
}

std::string NameHider::hide_text(std::string_view text) const {
  return hide_in(text, true, true);
}

std::string NameHider::hide_path(std::string_view path) const {
  return hide_in(path, false, true);
}

void NameHider::hide_places(bool remote, std::string& source, std::string& mount) const {
  const bool plain = !remote && source.starts_with("/dev/") && source.find('/', 5) == std::string::npos;
  if (!plain) source = "hidden-" + hash(source, 8);
  if (mount != "/") mount = "/hidden-" + hash(mount, 8);
}

/// All of a value that is a secret as a whole; "naa.5000c5…" and "mpath-3600…" keep what kind of name it is.
std::string NameHider::hide_value(std::string_view value) const {
  std::string_view kind;
  for (const std::string_view one : {"naa.", "eui.", "uuid.", "nvme.", "t10.", "mpath-", "LVM-", "nqn.", "iqn."}) {
    if (value.starts_with(one)) kind = one;
  }
  const auto secret = value.substr(kind.size());
  if (says_nothing(secret)) return std::string(value);
  const auto found = find_name_form(secret, true);
  const bool whole = found.length == secret.size();
  return std::string(kind) + (whole ? in_form(found.form, hash(secret, found.form.size())) : hash(secret, kValueDigits));
}

std::string NameHider::hide_file(std::string_view path, const std::string& text) const {
  const auto name = path.substr(path.rfind('/') + 1);
  const bool address = name == "address" && path.find("/net/") != std::string_view::npos;
  const bool gid = path.find("/gids/") != std::string_view::npos, host = is_among(kHostNames, path);
  const bool product = is_among(kProductFiles, name);
  if (!address && !gid && !host && !is_among(kSecretFiles, name)) return hide_in(text, !product, !product);
  std::string_view value = text;
  while (!value.empty() && static_cast<unsigned char>(value.back()) <= ' ') value.remove_suffix(1);
  if (value.empty()) return text;
  return (host ? hide_hostname(value) : hide_value(value)) + text.substr(value.size());
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
    if (!whole || !(name == "Address" || name == "HostName" || std::any_of(kSecretInfoParts.begin(), kSecretInfoParts.end(), in_name))) {
      hidden += hide_path(line);
      continue;
    }
    const auto begin = value + kValue.size();
    const auto secret = line.substr(begin, end - begin);
    hidden.append(line.substr(0, begin)).append(name == "HostName" ? hide_hostname(secret) : hide_value(secret)).append(line.substr(end));
  }
  return hidden;
}

}  // namespace capmap
