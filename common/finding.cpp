#include "common/finding.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "common/utf8.hpp"

namespace capmap {
namespace {

constexpr std::size_t kHealthWidth = 9, kAreaWidth = 14;

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size() + 1, width), ' ');
  return text;
}

/// Without what moves a cursor; text that is no UTF-8 keeps its ASCII alone.
std::string harmless(std::string_view text) {
  std::string clean(text);
  const auto replace = [&clean](auto harmful) {
    std::ranges::replace_if(
        clean, [&](char c) { return harmful(static_cast<unsigned char>(c)); }, '?');
  };
  replace([](unsigned char byte) { return byte < 0x20 || byte == 0x7f; });
  if (!is_printable_utf8(clean)) replace([](unsigned char byte) { return byte >= 0x80; });
  return clean;
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : harmless(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

Health worst_of(const Findings& findings) {
  Health worst = Health::kWell;
  for (const auto& finding : findings) worst = std::max(worst, finding.health);
  return worst;
}

}  // namespace

const char* to_word(Health health) {
  constexpr std::array kWords = {"well", "note", "warning", "broken"};
  return kWords[static_cast<std::size_t>(health)];
}

int doctor_exit(const Findings& findings) {
  return worst_of(findings) == Health::kBroken ? 1 : 0;
}

std::string findings_text(const Findings& findings) {
  std::string text;
  std::array<std::size_t, 4> counts{};
  for (const auto& finding : findings) {
    ++counts[static_cast<std::size_t>(finding.health)];
    text += padded(to_word(finding.health), kHealthWidth) + padded(harmless(finding.area), kAreaWidth) + harmless(finding.what) + "\n";
    if (!finding.fix.empty()) text += std::string(kHealthWidth + kAreaWidth, ' ') + "fix: " + harmless(finding.fix) + "\n";
  }
  return text + std::to_string(counts[3]) + " broken, " + std::to_string(counts[2]) + " warnings, " + std::to_string(counts[1]) +
         " notes, " + std::to_string(counts[0]) + " well\n";
}

std::string findings_json(const Findings& findings) {
  std::string text = "{\"schema\":1,\"worst\":" + json_text(to_word(worst_of(findings))) + ",\"findings\":[";
  for (std::size_t i = 0; i < findings.size(); ++i) {
    const auto& finding = findings[i];
    text += std::string(i == 0 ? "" : ",") + "\n{\"area\":" + json_text(finding.area) +
            ",\"health\":" + json_text(to_word(finding.health)) + ",\"what\":" + json_text(finding.what) +
            ",\"fix\":" + (finding.fix.empty() ? "null" : json_text(finding.fix)) + "}";
  }
  return text + "]}\n";
}

}  // namespace capmap
