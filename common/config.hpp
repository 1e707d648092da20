#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/labels.hpp"
#include "common/result.hpp"

namespace capmap {

/// One setting of a program: its TOML place, where its value goes, what it means. Defaults are the fields' own values.
/// TOML first, then flags over it; --print-config shows value and origin. No thread runs yet when this is used.
struct Setting {
  std::string key;  ///< dotted TOML key and flag name: "controller.endpoint" is also --controller-endpoint
  std::variant<std::string*, std::uint32_t*, bool*, std::vector<Label>*> target;  ///< labels: a table of texts, and a flag that is repeated
  std::string help;                                                               ///< one line
  std::uint32_t min = 0, max = UINT32_MAX;                                        ///< for numbers
  std::string origin = "default";                                                 ///< "default", "FILE:LINE", "flag"
  std::string flag{};                                                             ///< its flag's name where that is not made of the key
};

/// Reads a TOML file into settings. Errors: kAbsent, kDenied; kMalformed with file:line:column for syntax, an unknown key (and the
/// nearest known one), a wrong type, a number out of range.
Result<Done> read_toml(const std::string& path, std::vector<Setting>& settings);
/// Sets one value from a flag's text; of labels "key=value" adds one, or takes the place of the one that has the key. Errors: kMalformed
/// naming the flag and what it takes.
Result<Done> set_from_flag(Setting& setting, const std::string& text);
/// "key = value  # origin" lines in TOML, for --print-config.
std::string print_settings(const std::vector<Setting>& settings);
/// The flag's name of a key: "log.level" -> "--log-level".
std::string flag_name(const std::string& key);
std::string flag_name(const Setting& setting);

}  // namespace capmap
