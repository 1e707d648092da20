#pragma once
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"

namespace capmap {

/// How one controller is reached, under a name. What is absent is as without a profile.
struct Profile {
  std::string name;
  std::optional<std::string> url, state, token_file, tls_ca, tls_fingerprint, output;
  std::optional<std::uint32_t> timeout_s;
};
struct Profiles {
  std::string default_name;  ///< empty: none is taken unasked
  std::vector<Profile> all;  ///< by name

  /// Null: there is none of this name.
  [[nodiscard]] const Profile* find(const std::string& name) const;
};

/// $XDG_CONFIG_HOME/capmap/profiles.toml, else ~/.config/capmap/profiles.toml; empty: there is no home folder.
std::string profiles_file();
/// Reads `default = "NAME"` and a table [NAME] a profile. A file that is not there holds none. Errors: kDenied; kMalformed with
/// file:line:column.
Result<Profiles> read_profiles(const std::string& path);
/// Adds a table at the end of the file, which is made where there is none (0600, its folders 0700); what stands in it is left as it is.
/// Errors: kDenied (the name is taken, or not of letters, digits, '-' and '_'), as write_file_atomically.
Result<Done> add_profile(const std::string& path, const Profile& profile);

}  // namespace capmap
