#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "controller/store/files.hpp"
#include "tests/support/program.hpp"

namespace capmap {
namespace {

constexpr uid_t kService = 12'345;

uid_t owner_of(const std::string& path) {
  struct stat about {};
  REQUIRE(lstat(path.c_str(), &about) == 0);
  return about.st_uid;
}

TEST_CASE("store files: what root makes in a folder of the service's is the service's; links into other folders are left alone") {
  if (geteuid() != 0) return;  // root alone can give files away
  const support::TemporaryFolder folder, other;
  const std::string own = folder.path() + "/server.key", secret = other.path() + "/shadow";
  std::ofstream(own) << "key\n";
  std::ofstream(secret) << "root's\n";
  REQUIRE(symlink(secret.c_str(), (folder.path() + "/soft").c_str()) == 0);
  const bool hard = link(secret.c_str(), (folder.path() + "/hard").c_str()) == 0;
  give_to_folder_owner(folder.path());
  CHECK(owner_of(own) == 0);  // the folder is root's
  REQUIRE(chown(folder.path().c_str(), kService, kService) == 0);
  give_to_folder_owner(folder.path());
  CHECK(owner_of(own) == kService);
  CHECK(owner_of(secret) == 0);
  if (hard) CHECK(owner_of(folder.path() + "/hard") == 0);
}

TEST_CASE("store files: capmapctl init by root leaves a state that the service can read") {
  if (geteuid() != 0) return;
  const support::TemporaryFolder folder;
  REQUIRE(chown(folder.path().c_str(), kService, kService) == 0);
  const auto ran = support::run({"capmapctl", "init", "--state", folder.path(), "--site", "here"});
  INFO(ran.output);
  REQUIRE(ran.code == 0);
  for (const char* name : {"/server.key", "/admin.token", "/store.db"}) CHECK(owner_of(folder.path() + name) == kService);
}

}  // namespace
}  // namespace capmap
