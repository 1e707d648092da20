#include "agent/probe/join_state.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <vector>

#include "agent/settings.hpp"
#include "common/log.hpp"
#include "common/whole_file.hpp"

namespace capmap {
namespace {

constexpr mode_t kFolderMode = 0700, kJoinedMode = 0644, kOthers = 07;
constexpr std::size_t kMaxTokenBytes = 4'096;

/// Run by root for a service that is not root: the files belong to whom the folder belongs.
void give_to_folder_owner(const std::string& state) {
  struct stat folder {};
  if (geteuid() != 0 || stat(state.c_str(), &folder) != 0) return;
  for (const auto& path : {key_path(state), joined_path(state), server_keys_path(state)}) {
    if (lchown(path.c_str(), folder.st_uid, folder.st_gid) != 0 && errno != ENOENT) {
      std::fprintf(stderr, "capmap-agent: %s: owner not changed: %s\n", path.c_str(), std::strerror(errno));
    }
  }
}

std::string joined_text(const Joined& joined, AgentSettings settings) {
  std::vector<Setting> list;
  for (auto& setting : list_settings(settings)) {
    if (setting.key.starts_with("controller.")) list.push_back(setting);
  }
  for (auto& setting : list) setting.origin = "join";
  return "# Written by capmap-agent join; joining again replaces it.\n# " + to_text(joined.node_id) + " at site " +
         log_quoted(joined.site_name) + "\n" + print_settings(list);
}

}  // namespace

Result<std::string> read_token_file(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return file_error(path, "open", errno);
  struct stat about {};
  std::array<char, kMaxTokenBytes + 1> buffer{};
  const bool looked = fstat(file, &about) == 0;
  const ssize_t length = looked ? read(file, buffer.data(), buffer.size()) : -1;
  const int number = errno;
  close(file);
  if (length < 0) return file_error(path, "read", number);
  if (S_ISREG(about.st_mode) && (about.st_mode & kOthers) != 0) {
    return Error{ErrorCode::kDenied, path + ": everybody may read this join token: chmod o-rwx " + path};
  }
  std::string_view text(buffer.data(), static_cast<std::size_t>(length));
  constexpr std::string_view kBlank = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  text = text.substr(0, text.find_last_not_of(kBlank) + 1);
  if (text.empty() || text.size() > kMaxTokenBytes || text.find_first_of(kBlank) != std::string_view::npos) {
    return Error{ErrorCode::kMalformed, path + ": holds no join token: one line as capmapctl token create --quiet prints it"};
  }
  return std::string(text);
}

void put_token_file_away(const std::string& path) {
  if (unlink(path.c_str()) == 0) {
    std::fprintf(stderr, "capmap-agent: %s: the token is used, the file is removed\n", path.c_str());
  } else if (errno != ENOENT) {
    std::fprintf(stderr, "capmap-agent: %s: the token is used; the file cannot be removed (%s): rm %s\n", path.c_str(),
                 std::strerror(errno), path.c_str());
  }
}

Result<Done> make_state_folder(const std::string& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (error) return file_error(path, "make", error.value());
  if (made) chmod(path.c_str(), kFolderMode);
  return Done{};
}

Result<CurveKeys> own_keys(const std::string& state, bool anew) {
  const auto path = key_path(state), old = path + ".old";
  if (anew && rename(path.c_str(), old.c_str()) != 0 && errno != ENOENT) return file_error(path, "rename", errno);
  auto keys = load_curve_keys(path);
  if (keys || keys.error().code != ErrorCode::kAbsent) return keys;
  CurveKeys made = make_curve_keys();
  if (auto saved = save_curve_keys(path, made); !saved) return saved.error();
  return made;
}

Result<Done> keep_joined(const std::string& state, const JoinedAt& at, const std::string& endpoint, const JoinToken& token) {
  AgentSettings settings;
  settings.state = state;
  settings.controller_endpoint = endpoint;
  settings.controller_public_key = token.server_public_key;
  settings.controller_next_port = at.joined.next_port;
  settings.controller_enrol_port = token.enrol_port;
  if (auto wrote = write_file_atomically(joined_path(state), joined_text(at.joined, settings), kJoinedMode); !wrote) return wrote;
  if (at.news) {
    auto server = KnownServer::open(joined_server(settings));
    if (!server) return server.error();
    if (auto kept = server->take(*at.news); !kept) return kept;
  }
  give_to_folder_owner(state);
  return Done{};
}

}  // namespace capmap
