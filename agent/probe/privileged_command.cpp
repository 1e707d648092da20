// `privileged`: reads what root alone may, once before the service begins, and leaves it to the agent as a small file.
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "agent/privileged_facts.hpp"
#include "agent/probe/commands.hpp"
#include "agent/probe/placeholder.hpp"
#include "agent/probe/platform.hpp"
#include "agent/probe/settings_sources.hpp"
#include "agent/probe/smbios.hpp"
#include "agent/probe/words.hpp"

namespace capmap {
namespace {

constexpr unsigned kMostSeconds = 20;  ///< the service waits for us
constexpr mode_t kMode = 0640;

/// What is read before the rights are given up; nothing of it is kept as it is.
struct Secrets {
  std::string uuid, serial, container, table;
};

Error file_error(const std::string& path, int number) {
  const bool denied = number == EACCES || number == EPERM || number == EROFS || number == ELOOP || number == ENOTDIR;
  const auto code = number == ENOENT   ? ErrorCode::kAbsent
                    : denied           ? ErrorCode::kDenied
                    : number == ENOSPC ? ErrorCode::kFull
                                       : ErrorCode::kUnavailable;
  return {code, path + ": " + std::strerror(number)};
}

Secrets read_secrets(const HostRoot& root) {
  Secrets secrets{.uuid = line_of(root, "sys/class/dmi/id/product_uuid"),
                  .serial = told_text(line_of(root, "sys/class/dmi/id/product_serial")),
                  .container = read_container(root),
                  .table = {}};
  const auto table = root.read(kSmbiosFile, kMaxSmbiosBytes);
  if (table) secrets.table = without_secrets(*table);
  if (secrets.table.size() > kMostPrivilegedTableBytes) secrets.table.clear();  // a part would look like all of the modules
  return secrets;
}

/// From here on we are who owns the folder: nothing in it, a link least of all, makes us do what that user may not do.
Result<Done> become_owner(const std::string& folder) {
  const int file = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0) return file_error(folder, errno);
  struct stat about {};
  const bool told = fstat(file, &about) == 0;
  close(file);
  if (!told) return file_error(folder, errno);
  if (about.st_uid == 0) return Done{};
  if (setgroups(0, nullptr) != 0 || setresgid(about.st_gid, about.st_gid, about.st_gid) != 0 ||
      setresuid(about.st_uid, about.st_uid, about.st_uid) != 0) {
    return Error{ErrorCode::kDenied, "rights could not be given up: " + std::string(std::strerror(errno))};
  }
  return Done{};
}

Result<Done> put_file(const std::string& path, std::string_view text) {
  const std::string draft = path + ".new";
  unlink(draft.c_str());  // of a run that was cut off
  const int file = open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kMode);
  if (file < 0) return file_error(draft, errno);
  const ssize_t wrote = write(file, text.data(), text.size());
  const bool whole = wrote == static_cast<ssize_t>(text.size()) && fchmod(file, kMode) == 0;
  const int number = wrote >= 0 && !whole ? ENOSPC : errno;
  close(file);
  if (whole && rename(draft.c_str(), path.c_str()) == 0) return Done{};
  const auto error = file_error(path, whole ? errno : number);
  unlink(draft.c_str());
  return error;
}

Result<PrivilegedFacts> keep_facts(const std::vector<std::string>& arguments, std::string& path) {
  const auto first = read_agent_settings(arguments, false);
  if (!first) return first.error();
  path = privileged_path(first->state);
  const Secrets secrets = read_secrets(HostRoot(first->root));
  if (auto became = become_owner(first->state); !became) return became.error();
  const auto settings = read_agent_settings(arguments, true);
  if (!settings) return settings.error();
  const auto& salt = settings->salt();
  PrivilegedFacts facts{.boot_id = current_boot_id(),
                        .salt_mark = salt_mark(salt),
                        .uuid = uuid_fingerprint(salt, secrets.uuid),
                        .serial = serial_fingerprint(salt, secrets.serial),
                        .container = secrets.container,
                        .smbios = secrets.table};
  if (!parse_privileged_facts(privileged_text(facts))) facts.container.clear();  // a mark of a container may hold any text
  if (auto put = put_file(path, privileged_text(facts)); !put) return put.error();
  return facts;
}

const char* known(bool is) {
  return is ? "known" : "not told";
}

}  // namespace

int run_privileged_command(const std::vector<std::string>& arguments) {
  if (!arguments.empty() && (arguments[0] == "--help" || arguments[0] == "-h")) {
    std::puts(
        "usage: capmap-probe privileged [--config FILE] [flags of capmap-agent]\n\n"
        "Reads what root alone may read (firmware's table, hashes of UUID and serial number) and leaves it to the agent\n"
        "as privileged.facts in its state folder. The service runs it before each start.");
    return 0;
  }
  alarm(kMostSeconds);
  if (geteuid() != 0) {
    std::fputs("capmap-probe privileged: only root may read what this is for; capmap-agent.service runs it (ExecStartPre=+)\n", stderr);
    return 1;
  }
  std::string path;
  const auto facts = keep_facts(arguments, path);
  if (!facts) {
    std::fprintf(stderr, "capmap-probe privileged: %s\n", facts.error().what.c_str());
    return facts.error().code == ErrorCode::kMalformed ? 2 : 1;
  }
  std::printf("%s: UUID %s, serial number %s, firmware's table %s\n", path.c_str(), known(facts->uuid.has_value()),
              known(facts->serial.has_value()), known(!facts->smbios.empty()));
  return 0;
}

}  // namespace capmap
