#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/host_checks.hpp"
#include "controller/ctl/doctor.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/store/backup.hpp"
#include "controller/store/state_folder.hpp"

namespace capmap {
namespace {

constexpr const char* kUser = "capmap";
constexpr std::uint64_t kLeastFreeBytes = std::uint64_t{1} << 30U, kMostChecked = std::uint64_t{512} << 20U;
constexpr unsigned kLeastFreePercent = 10;
constexpr mode_t kOthers = 077;

bool is_there(const std::string& path) {
  return access(path.c_str(), F_OK) == 0;
}

void check_keys(const std::string& state, Findings& findings) {
  for (const char* name : {"/server.key", "/admin.token"}) {
    if (is_there(state + name)) {
      findings.push_back(check_secret_file("keys", state + name));
    } else if (access(state.c_str(), X_OK) == 0) {
      findings.push_back({"keys", Health::kBroken, state + name + ": is not there", "capmapctl init --state " + state + " --site NAME"});
    }
  }
  const auto keys = load_server_keys(state);
  if (!keys && keys.error().code == ErrorCode::kMalformed)
    findings.push_back(
        {"keys", Health::kBroken, keys.error().what, "bring back server.key from its copy: agents know the controller by it"});
}

void check_databases(const std::string& state, bool runs, Findings& findings) {
  for (const char* name : {"/store.db", "/history.db"}) {
    if (is_there(state + name)) findings.push_back(check_secret_file("files", state + name));
  }
  struct stat about {};
  const std::string store = state + "/store.db";
  if (stat(store.c_str(), &about) != 0) return;
  if (static_cast<std::uint64_t>(about.st_size) > kMostChecked) {
    findings.push_back({"store", Health::kNote, store + ": is large, and was not looked through", "capmapctl store check"});
    return;
  }
  const auto facts = check_store_file(store);
  if (facts) {
    findings.push_back({"store", Health::kWell,
                        "whole: " + plural(facts->nodes, "node") + ", " + plural(facts->sites, "site") + ", tables of version " +
                            std::to_string(facts->version)});
  } else if (facts.error().code == ErrorCode::kDenied) {
    findings.push_back({"store", Health::kNote, facts.error().what, "run this as root or as " + std::string(kUser)});
  } else {
    findings.push_back({"store", Health::kBroken, facts.error().what,
                        std::string(runs ? "systemctl stop capmap-controller, " : "") + "capmapctl restore BACKUP"});
  }
}

void check_space(const std::string& state, Findings& findings) {
  struct statvfs disk {};
  if (statvfs(state.c_str(), &disk) != 0) return;
  const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize, all = std::uint64_t{disk.f_blocks} * disk.f_frsize;
  const bool low = free < kLeastFreeBytes || (disk.f_files != 0 && disk.f_favail == 0);
  const bool few = all != 0 && free / kLeastFreePercent < all / 100;
  findings.push_back(
      {"disk",
       low   ? Health::kBroken
       : few ? Health::kWarning
             : Health::kWell,
       std::to_string(free >> 20U) + " MiB free of " + std::to_string(all >> 20U) + " MiB below " + state,
       low || few ? "make room: while the disk is full nothing is let in and nothing can be changed; history.keep_days limits history"
                  : ""});
}

void check_tls(const ControllerPlaces& places, Findings& findings) {
  const auto look = [&findings](const std::string& path, bool secret) {
    struct stat about {};
    if (stat(path.c_str(), &about) != 0) {
      findings.push_back({"tls", Health::kBroken, path + ": " + std::strerror(errno), "put the file there, or correct controller.toml"});
    } else if (secret && (about.st_mode & kOthers) != 0) {
      findings.push_back({"tls", Health::kBroken, path + ": others may read this private key",
                          "chown " + std::string(kUser) + " " + path + "; chmod 600 " + path});
    } else {
      findings.push_back({"tls", Health::kWell, path + ": is there"});
    }
  };
  for (const auto& path : places.certificates) look(path, false);
  for (const auto& path : places.private_keys) look(path, true);
}

}  // namespace

void examine_files(const ControllerPlaces& places, bool runs, Findings& findings) {
  findings.push_back(check_private_folder("state", places.state, kUser));
  if (!is_there(places.state)) findings.back().fix = "capmapctl init --state " + places.state + " --site NAME";
  check_keys(places.state, findings);
  check_databases(places.state, runs, findings);
  check_space(places.state, findings);
  check_tls(places, findings);
}

}  // namespace capmap
