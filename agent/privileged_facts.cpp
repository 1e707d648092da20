#include "agent/privileged_facts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "agent/fields.hpp"
#include "common/host_root.hpp"

namespace capmap {
namespace {

constexpr std::string_view kHead = "capmap-privileged 1";
constexpr std::size_t kMaxFileBytes = 2 * kMostPrivilegedTableBytes + 4'096, kMaxWord = 64, kMostLines = 256;

std::string hex_of(std::uint64_t number) {
  std::array<char, 20> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(number));
  return text.data();
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (text.size() != 16 || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string hex_of(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4U];
    text += kDigits[static_cast<unsigned char>(byte) & 15U];
  }
  return text;
}

bool read_bytes(std::string_view text, std::string& bytes) {
  if (text.empty() || text.size() % 2 != 0 || text.size() / 2 > kMostPrivilegedTableBytes) return false;
  bytes.clear();
  for (; !text.empty(); text.remove_prefix(2)) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + 2, byte, 16);
    if (error != std::errc{} || end != text.data() + 2) return false;
    bytes += static_cast<char>(byte);
  }
  return true;
}

/// Letters, digits and dashes.
bool read_word(std::string_view text, std::string& word) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  if (text.empty() || text.size() > kMaxWord || !std::ranges::all_of(text, fits)) return false;
  word = text;
  return true;
}

bool read_mark(std::string_view text, Fingerprint& mark) {
  const auto number = number_of(text);
  mark = number.value_or(mark);
  return number.has_value();
}

bool read_mark(std::string_view text, std::optional<Fingerprint>& mark) {
  mark = number_of(text);
  return mark.has_value();
}

bool read_line(std::string_view key, std::string_view value, PrivilegedFacts& facts) {
  if (key == "boot") return read_word(value, facts.boot_id);
  if (key == "salt") return read_mark(value, facts.salt_mark);
  if (key == "uuid") return read_mark(value, facts.uuid);
  if (key == "serial") return read_mark(value, facts.serial);
  if (key == "container") return read_word(value, facts.container);
  if (key == "smbios") return read_bytes(value, facts.smbios);
  return true;
}

}  // namespace

std::string privileged_path(const std::string& state) {
  return state + "/privileged.facts";
}

Fingerprint salt_mark(std::string_view salt) {
  return serial_fingerprint(salt, "which salt is this").value_or(0);
}

std::string current_boot_id() {
  const auto id = HostRoot("/").read_line("proc/sys/kernel/random/boot_id");
  return id ? *id : std::string();
}

std::string privileged_text(const PrivilegedFacts& facts) {
  std::string text = std::string(kHead) + "\nboot " + facts.boot_id + "\nsalt " + hex_of(facts.salt_mark) + "\n";
  if (facts.uuid) text += "uuid " + hex_of(*facts.uuid) + "\n";
  if (facts.serial) text += "serial " + hex_of(*facts.serial) + "\n";
  if (!facts.container.empty()) text += "container " + facts.container + "\n";
  if (!facts.smbios.empty()) text += "smbios " + hex_of(std::string_view(facts.smbios)) + "\n";
  return text;
}

Result<PrivilegedFacts> parse_privileged_facts(std::string_view text) {
  if (take_line(text) != kHead) return Error{ErrorCode::kMalformed, "privileged.facts:1: not \"" + std::string(kHead) + "\""};
  PrivilegedFacts facts;
  for (std::size_t number = 2; !text.empty() && number <= kMostLines; ++number) {
    auto line = take_line(text);
    const auto key = take_until(line, ' ');
    if (read_line(key, line, facts)) continue;
    return Error{ErrorCode::kMalformed, "privileged.facts:" + std::to_string(number) + ": " + std::string(key.substr(0, kMaxWord)) +
                                            " has a value without meaning"};
  }
  if (facts.boot_id.empty()) return Error{ErrorCode::kMalformed, "privileged.facts: no boot in it"};
  return facts;
}

Result<PrivilegedFacts> read_privileged_facts(const std::string& path) {
  const auto slash = path.rfind('/') + 1;  // 0 where there is none
  const auto text = HostRoot(slash == 0 ? "." : path.substr(0, slash)).read(path.substr(slash), kMaxFileBytes);
  if (!text) return text.error();
  auto facts = parse_privileged_facts(*text);
  if (facts && facts->boot_id != current_boot_id()) return Error{ErrorCode::kAbsent, path + ": is of another boot; start the service anew"};
  return facts;
}

}  // namespace capmap
