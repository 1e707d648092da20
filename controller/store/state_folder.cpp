#include "controller/store/state_folder.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/join_token.hpp"
#include "controller/store/files.hpp"
#include "controller/store/store.hpp"

namespace capmap {
namespace {

std::string key_path(const std::string& directory) {
  return directory + "/server.key";
}
std::string token_path(const std::string& directory) {
  return directory + "/admin.token";
}

Result<Done> make_folder(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    if (mkdir(parent.c_str(), 0755) != 0 && errno != EEXIST) return file_error(parent, "create folder", errno);
  }
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return file_error(path, "create folder", errno);
  return Done{};
}

/// An earlier init that was cut off may have left the site: it is taken over, under its id. Returns the controller's own.
Result<ControllerId> put_first_site(const std::string& directory, Site& site) {
  auto store = open_store(directory, NoStore::kCreate);
  if (!store) return store.error();
  const auto facts = (*store)->facts();
  if (!facts) return facts.error();
  if (facts->nodes != 0) {
    return Error{ErrorCode::kUnavailable,
                 directory + "/store.db already knows nodes but server.key is gone: restore the key from a backup"};
  }
  const auto earlier = (*store)->find_site(site.name);
  if (!earlier) return earlier.error();
  if (*earlier) site.id = (*earlier)->id;
  if (auto put = (*store)->put_site(site); !put) return put.error();
  return (*store)->make_controller_id();
}

}  // namespace

Result<NewState> create_state(const std::string& directory, Site first_site) {
  if (auto valid = validate_site(first_site); !valid) return valid.error();
  if (auto made = make_folder(directory); !made) return made.error();
  if (access(key_path(directory).c_str(), F_OK) == 0) {
    return Error{ErrorCode::kUnavailable,
                 key_path(directory) + " is already there: this folder holds a controller's state, nothing was changed"};
  }
  first_site.id = random_id<SiteId>();
  const auto id = put_first_site(directory, first_site);
  if (!id) return id.error();
  // 52 base32 characters: 256 random bits.
  if (auto token = write_file_atomically(token_path(directory), random_secret() + random_secret() + "\n", 0600); !token)
    return token.error();
  const CurveKeys keys = make_curve_keys();  // last: while it is missing the folder counts as not made
  if (auto saved = save_curve_keys(key_path(directory), keys); !saved) return saved.error();
  give_to_folder_owner(directory);
  return NewState{.server_public_key = keys.public_key, .site = first_site, .id = *id};
}

Result<CurveKeys> load_server_keys(const std::string& directory) {
  return load_curve_keys(key_path(directory));
}

Result<std::string> load_admin_token(const std::string& directory) {
  auto text = read_whole_file(token_path(directory), 4096);
  if (!text && text.error().code == ErrorCode::kAbsent) {
    return Error{ErrorCode::kAbsent, token_path(directory) + " is not there: run capmapctl init --state " + directory + " --site NAME"};
  }
  if (!text) return text.error();
  while (!text->empty() && (text->back() == '\n' || text->back() == ' ')) text->pop_back();
  if (text->empty()) return Error{ErrorCode::kMalformed, token_path(directory) + ": is empty"};
  return *text;
}

}  // namespace capmap
