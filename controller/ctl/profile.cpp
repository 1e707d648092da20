// Named controllers of somebody who looks after several.
#define TOML_EXCEPTIONS 0
// Its assertions fail on broken values that it refuses all the same: with and without NDEBUG it is to do what it does with.
#define TOML_ASSERT(expr) static_cast<void>(0)
#include "controller/ctl/profile.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/config_check.hpp"
#include "common/whole_file.hpp"
#include "controller/ctl/api.hpp"
#include "controller/store/files.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxFileBytes = 262'144, kMaxProfiles = 1'000;
using TextMember = std::optional<std::string> Profile::*;
constexpr std::array<std::pair<const char*, TextMember>, 6> kTexts = {{{"url", &Profile::url},
                                                                       {"state", &Profile::state},
                                                                       {"token_file", &Profile::token_file},
                                                                       {"tls_ca", &Profile::tls_ca},
                                                                       {"tls_fingerprint", &Profile::tls_fingerprint},
                                                                       {"output", &Profile::output}}};
constexpr std::array<std::string_view, 5> kOutputs = {"table", "wide", "json", "csv", "yaml"};

bool is_name(const std::string& text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !text.empty() && text.size() <= 64 && text != "default" && std::ranges::all_of(text, fits);
}

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  Result<Profiles> read(const toml::table& file) {
    Profiles profiles;
    for (const auto& [key, node] : file) {
      const std::string name(key.str());
      const auto* const table = node.as_table();
      if (name == "default") {
        const auto* const chosen = node.as_string();
        if (chosen == nullptr) return wrong(key.source(), "default: must be the name of a profile");
        profiles.default_name = chosen->get();
      } else if (table == nullptr || !is_name(name)) {
        return wrong(key.source(), name + ": must be a table [" + name + "] whose name is of letters, digits, - and _");
      } else if (profiles.all.size() == kMaxProfiles) {
        return wrong(key.source(), "more than " + std::to_string(kMaxProfiles) + " profiles");
      } else {
        auto profile = read_one(name, *table);
        if (!profile) return profile.error();
        profiles.all.push_back(std::move(*profile));
      }
    }
    if (!profiles.default_name.empty() && profiles.find(profiles.default_name) == nullptr) {
      return Error{ErrorCode::kMalformed, path_ + ": default = \"" + profiles.default_name + "\", but there is no such profile"};
    }
    return profiles;
  }

 private:
  [[nodiscard]] Error wrong(const toml::source_region& at, const std::string& what) const {
    return {ErrorCode::kMalformed, path_ + ":" + std::to_string(at.begin.line) + ":" + std::to_string(at.begin.column) + ": " + what};
  }

  [[nodiscard]] Result<Profile> read_one(const std::string& name, const toml::table& table) const {
    Profile profile;
    profile.name = name;
    for (const auto& [key, node] : table) {
      const std::string word(key.str());
      const auto text = std::ranges::find(kTexts, word, [](const auto& entry) { return std::string_view(entry.first); });
      if (word == "timeout_s") {
        const auto* const seconds = node.as_integer();
        if (seconds == nullptr || seconds->get() < 1 || seconds->get() > 600)
          return wrong(key.source(), "timeout_s: must be a number from 1 to 600");
        profile.timeout_s = static_cast<std::uint32_t>(seconds->get());
      } else if (text == kTexts.end()) {
        return wrong(key.source(),
                     word + ": is not known here; a profile has url, state, token_file, tls_ca, tls_fingerprint, output, timeout_s");
      } else if (const auto* const value = node.as_string()) {
        profile.*text->second = value->get();
      } else {
        return wrong(key.source(), word + ": must be a text in quotes");
      }
    }
    if (profile.output && std::ranges::find(kOutputs, std::string_view(*profile.output)) == kOutputs.end())
      return wrong(table.source(), name + ".output: must be table, wide, json, csv or yaml");
    return profile;
  }

  const std::string& path_;
};

/// Empty where there is no file.
Result<std::string> read_text(const std::string& path) {
  auto text = read_whole_file(path, kMaxFileBytes);
  return text || text.error().code != ErrorCode::kAbsent ? std::move(text) : Result<std::string>(std::string());
}

Result<Profiles> parse(const std::string& path, const std::string& text) {
  if (const auto mistake = mistake_in_toml(text)) return Error{ErrorCode::kMalformed, path + ":" + *mistake};
  const toml::parse_result parsed = toml::parse(text);
  if (parsed) return Reader(path).read(parsed.table());
  const auto& at = parsed.error().source().begin;
  return Error{ErrorCode::kMalformed,
               path + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + std::string(parsed.error().description())};
}

}  // namespace

const Profile* Profiles::find(const std::string& name) const {
  const auto found = std::ranges::find(all, name, &Profile::name);
  return found == all.end() ? nullptr : &*found;
}

std::string profiles_file() {
  const auto folder = settings_folder();
  return folder.empty() ? folder : folder + "/profiles.toml";
}

Result<Profiles> read_profiles(const std::string& path) {
  const auto text = read_text(path);
  return text ? parse(path, *text) : Result<Profiles>(text.error());
}

Result<Done> add_profile(const std::string& path, const Profile& profile) {
  if (path.empty()) return Error{ErrorCode::kAbsent, "there is no home folder to keep a profile in: set HOME or XDG_CONFIG_HOME"};
  if (!is_name(profile.name)) {
    return Error{ErrorCode::kDenied, "a profile's name is of letters, digits, - and _, at most 64, and not \"default\""};
  }
  auto text = read_text(path);
  if (!text) return text.error();
  const auto known = parse(path, *text);
  if (!known) return known.error();
  if (known->find(profile.name) != nullptr)
    return Error{ErrorCode::kDenied, path + ": has a profile of that name already: change it there"};
  if (!text->empty() && !text->ends_with('\n')) *text += '\n';
  *text += (text->empty() ? "[" : "\n[") + profile.name + "]\n";
  for (const auto& [key, member] : kTexts) {
    if (!(profile.*member)) continue;
    *text += std::string(key) + " = \"";
    for (const char c : *(profile.*member)) *text += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    *text += "\"\n";
  }
  if (profile.timeout_s) *text += "timeout_s = " + std::to_string(*profile.timeout_s) + "\n";
  if (const auto fits = parse(path, *text); !fits) return fits.error();
  if (const auto folders = make_folders_of(path); !folders) return folders.error();
  return write_file_atomically(path, *text, 0600);
}

}  // namespace capmap
