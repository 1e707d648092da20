#include "common/config.hpp"

#define TOML_EXCEPTIONS 0
// Its assertions fail on broken values that it refuses all the same: with and without NDEBUG it is to do what it does with.
#define TOML_ASSERT(expr) static_cast<void>(0)
#include <fcntl.h>
#include <sys/stat.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <numeric>
#include <optional>
#include <string_view>

#include "common/config_check.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxFileBytes = 256 * 1024;

Error malformed(std::string what) {
  return {ErrorCode::kMalformed, std::move(what)};
}

/// `path: reason` with the code an operator acts on.
Error file_error(const std::string& path, int error) {
  const bool absent = error == ENOENT || error == ENOTDIR;
  const bool denied = error == EACCES || error == EPERM;
  return {absent ? ErrorCode::kAbsent : denied ? ErrorCode::kDenied : ErrorCode::kUnavailable, path + ": " + std::strerror(error)};
}

Result<std::string> read_open_file(const std::string& path, int file) {
  struct stat about {};
  if (fstat(file, &about) != 0) return file_error(path, errno);
  if (!S_ISREG(about.st_mode)) return malformed(path + ": not a file");
  std::string text(kMaxFileBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(file, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error(path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kMaxFileBytes) return Error{ErrorCode::kFull, path + ": more than 256 KiB, which is no configuration file"};
  text.resize(size);
  return text;
}

Result<std::string> read_file(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return file_error(path, errno);
  auto text = read_open_file(path, file);
  close(file);
  return text;
}

/// Levenshtein distance of two short words.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

/// The known key, or table of keys, with the fewest letters different.
std::string nearest_key(std::string_view key, const std::vector<Setting>& settings) {
  std::vector<std::string> known;
  for (const auto& setting : settings) {
    const auto dot = setting.key.find('.');
    known.push_back(setting.key);
    if (dot != std::string::npos) known.push_back(setting.key.substr(0, dot));
  }
  const auto nearest = std::ranges::min_element(known, {}, [&](const std::string& k) { return edit_distance(key, k); });
  return nearest == known.end() ? "" : *nearest;
}

bool has_control_characters(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string range_text(const Setting& setting) {
  return "takes a number from " + std::to_string(setting.min) + " to " + std::to_string(setting.max);
}

/// The three kinds of value, each told what the source holds; empty answer = set, else what the setting takes.
std::optional<std::string> set_text(const Setting& setting, std::optional<std::string_view> text) {
  if (!text) return "takes text in quotes";
  if (has_control_characters(*text)) return "takes text without control characters";
  **std::get_if<std::string*>(&setting.target) = *text;
  return std::nullopt;
}
std::optional<std::string> set_number(const Setting& setting, std::optional<std::int64_t> number) {
  if (!number || *number < std::int64_t{setting.min} || *number > std::int64_t{setting.max}) return range_text(setting);
  **std::get_if<std::uint32_t*>(&setting.target) = static_cast<std::uint32_t>(*number);
  return std::nullopt;
}
std::optional<std::string> set_flag(const Setting& setting, std::optional<bool> flag) {
  if (!flag) return "takes true or false";
  **std::get_if<bool*>(&setting.target) = *flag;
  return std::nullopt;
}

/// "rack=r12".
std::optional<std::string> set_label(const Setting& setting, std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return "takes key=value";
  return put_label(**std::get_if<std::vector<Label>*>(&setting.target), text.substr(0, equals), text.substr(equals + 1));
}

std::optional<std::string> set_from_node(const Setting& setting, const toml::node& node) {
  if (std::holds_alternative<std::string*>(setting.target)) {
    const auto* text = node.as_string();
    return set_text(setting, text == nullptr ? std::nullopt : std::optional<std::string_view>(text->get()));
  }
  if (std::holds_alternative<bool*>(setting.target)) {
    const auto* flag = node.as_boolean();
    return set_flag(setting, flag == nullptr ? std::nullopt : std::optional(flag->get()));
  }
  if (std::holds_alternative<std::vector<Label>*>(setting.target)) return R"(is a table of texts: rack = "r12")";
  const auto* number = node.as_integer();
  return set_number(setting, number == nullptr ? std::nullopt : std::optional(number->get()));
}

/// A key as it can stand in a message.
std::string shown(std::string_view key) {
  std::string text(key.substr(0, 2 * kMaxLabelBytes));
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return text;
}

/// One file being read into settings.
class TomlReader {
 public:
  TomlReader(const std::string& path, std::vector<Setting>& settings) : path_(path), settings_(settings) {}

  Result<Done> read(const toml::table& table, const std::string& prefix) {
    for (const auto& [name, node] : table) {
      const std::string key = prefix + std::string(name.str());
      const auto* inner = node.as_table();
      auto done = inner != nullptr ? read_table(*inner, key, name.source()) : read_value(node, key, name.source());
      if (!done) return done;
    }
    return Done{};
  }

  [[nodiscard]] std::string place(const toml::source_region& source) const {
    return path_ + ":" + std::to_string(source.begin.line) + ":" + std::to_string(source.begin.column) + ": ";
  }

 private:
  Result<Done> read_table(const toml::table& table, const std::string& key, const toml::source_region& source) {
    const auto labels = std::ranges::find(settings_, key, &Setting::key);
    if (labels != settings_.end() && std::holds_alternative<std::vector<Label>*>(labels->target)) return read_labels(table, *labels);
    const bool known = std::ranges::any_of(settings_, [&](const Setting& s) { return s.key.starts_with(key + "."); });
    return known ? read(table, key + ".") : Result<Done>(unknown(key, source));
  }

  Result<Done> read_labels(const toml::table& table, Setting& setting) {
    for (const auto& [name, node] : table) {
      const auto* const text = node.as_string();
      const std::optional<std::string> wrong =
          text == nullptr ? R"(takes text in quotes; a key with a dot stands in quotes too: "a.b" = "c")"
                          : put_label(**std::get_if<std::vector<Label>*>(&setting.target), name.str(), text->get());
      if (wrong) return malformed(place(name.source()) + setting.key + "." + shown(name.str()) + " " + *wrong);
    }
    setting.origin = path_ + ":" + std::to_string(table.source().begin.line);
    return Done{};
  }

  Result<Done> read_value(const toml::node& node, const std::string& key, const toml::source_region& source) {
    const auto setting = std::ranges::find(settings_, key, &Setting::key);
    if (setting == settings_.end()) return unknown(key, source);
    if (const auto wrong = set_from_node(*setting, node)) return malformed(place(node.source()) + key + " " + *wrong);
    setting->origin = path_ + ":" + std::to_string(source.begin.line);
    return Done{};
  }

  [[nodiscard]] Error unknown(const std::string& key, const toml::source_region& source) const {
    return malformed(place(source) + "unknown key " + key + "; the nearest known one is " + nearest_key(key, settings_));
  }

  const std::string& path_;
  std::vector<Setting>& settings_;
};

/// Text as a TOML basic string. Settings hold no control characters.
std::string toml_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string value_text(const Setting& setting) {
  if (const auto* text = std::get_if<std::string*>(&setting.target)) return toml_quoted(**text);
  if (const auto* flag = std::get_if<bool*>(&setting.target)) return **flag ? "true" : "false";
  if (const auto* labels = std::get_if<std::vector<Label>*>(&setting.target)) {
    std::string table;
    for (const auto& [key, value] : **labels) table += (table.empty() ? " " : ", ") + toml_quoted(key) + " = " + toml_quoted(value);
    return table.empty() ? "{}" : "{" + table + " }";
  }
  return std::to_string(**std::get_if<std::uint32_t*>(&setting.target));
}

}  // namespace

Result<Done> read_toml(const std::string& path, std::vector<Setting>& settings) {
  auto text = read_file(path);
  if (!text) return text.error();
  if (const auto wrong = mistake_in_toml(*text)) return malformed(path + ":" + *wrong);
  TomlReader reader(path, settings);
  const toml::parse_result parsed = toml::parse(std::string_view(*text), std::string_view(path));
  if (!parsed) {
    std::string why(parsed.error().description());  // it may quote the end of a line
    std::ranges::replace_if(
        why, [](unsigned char c) { return std::iscntrl(c) != 0; }, ' ');
    return malformed(reader.place(parsed.error().source()) + why);
  }
  return reader.read(parsed.table(), "");
}

Result<Done> set_from_flag(Setting& setting, const std::string& text) {
  std::optional<std::string> wrong;
  if (std::holds_alternative<std::string*>(setting.target)) {
    wrong = set_text(setting, text);
  } else if (std::holds_alternative<bool*>(setting.target)) {
    wrong = set_flag(setting, text == "true" ? std::optional(true) : text == "false" ? std::optional(false) : std::nullopt);
  } else if (std::holds_alternative<std::vector<Label>*>(setting.target)) {
    wrong = set_label(setting, text);
  } else {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    wrong = set_number(setting, whole ? std::optional(number) : std::nullopt);
  }
  if (wrong) return malformed(flag_name(setting) + " " + *wrong);
  setting.origin = "flag";
  return Done{};
}

std::string print_settings(const std::vector<Setting>& settings) {
  std::string out;
  for (const auto& setting : settings) out += setting.key + " = " + value_text(setting) + "  # " + setting.origin + "\n";
  return out;
}

std::string flag_name(const Setting& setting) {
  return setting.flag.empty() ? flag_name(setting.key) : setting.flag;
}

std::string flag_name(const std::string& key) {
  std::string name = "--" + key;
  std::ranges::replace_if(
      name, [](char c) { return c == '.' || c == '_'; }, '-');
  return name;
}

}  // namespace capmap
