#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "controller/ctl/profile.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

struct Home {
  Home() {
    std::string name = "/tmp/capmap-profiles.XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder = name;
    file = folder + "/capmap/profiles.toml";
  }
  ~Home() { std::filesystem::remove_all(folder); }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;
  void put(const std::string& text) const {
    std::filesystem::create_directories(folder + "/capmap");
    std::ofstream(file) << text;
  }
  std::string folder, file;
};

std::string refusal(const Home& home, const std::string& text) {
  home.put(text);
  const auto read = read_profiles(home.file);
  return read ? "" : read.error().what;
}

}  // namespace

TEST_CASE("profiles are read by name, and a file that is not there holds none") {
  const Home home;
  REQUIRE(read_profiles(home.file));
  CHECK(read_profiles(home.file)->all.empty());
  home.put(
      "default = \"nation\"\n[nation]\nurl = \"https://a:8470\"\ntimeout_s = 30\noutput = \"wide\"\n"
      "[park]\nurl = \"https://b:8470\"\n");
  const auto profiles = read_profiles(home.file);
  REQUIRE(profiles);
  CHECK(profiles->default_name == "nation");
  REQUIRE(profiles->find("nation") != nullptr);
  CHECK(profiles->find("nation")->url == "https://a:8470");
  CHECK(profiles->find("nation")->timeout_s == 30U);
  CHECK(profiles->find("nation")->output == "wide");
  CHECK_FALSE(profiles->find("park")->output);
  CHECK(profiles->find("other") == nullptr);
}

TEST_CASE("a mistake in profiles is told with its place and what would be right") {
  const Home home;
  CHECK_THAT(refusal(home, "[a]\nurl = 5\n"), Contains(":2:") && Contains("must be a text"));
  CHECK_THAT(refusal(home, "[a]\naddress = \"x\"\n"), Contains(":2:") && Contains("a profile has url, state"));
  CHECK_THAT(refusal(home, "[a]\ntimeout_s = 601\n"), Contains("1 to 600"));
  CHECK_THAT(refusal(home, "[a]\noutput = \"xml\"\n"), Contains("table, wide, json, csv or yaml"));
  CHECK_THAT(refusal(home, "default = \"b\"\n[a]\n"), Contains("there is no such profile"));
  CHECK_THAT(refusal(home, "[\"a b\"]\n"), Contains("letters, digits"));
  CHECK_THAT(refusal(home, "[a\n"), Contains("profiles.toml:1"));
}

TEST_CASE("a profile is added behind what stands there, once, in a file of one's own") {
  const Home home;
  Profile profile;
  profile.name = "nation";
  profile.url = "https://a:8470";
  profile.tls_ca = "/etc/a \"quoted\\path\".pem";
  profile.timeout_s = 5;
  REQUIRE(add_profile(home.file, profile));
  struct stat facts {};
  REQUIRE(stat(home.file.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  const auto twice = add_profile(home.file, profile);
  REQUIRE_FALSE(twice);
  CHECK_THAT(twice.error().what, Contains("already"));

  std::ofstream(home.file, std::ios::app) << "# kept by hand\n";
  profile.name = "park";
  REQUIRE(add_profile(home.file, profile));
  std::ifstream file(home.file);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  CHECK_THAT(text, Contains("# kept by hand\n\n[park]\n"));
  const auto profiles = read_profiles(home.file);
  REQUIRE(profiles);
  REQUIRE(profiles->all.size() == 2);
  CHECK(profiles->find("park")->tls_ca == profile.tls_ca);
  CHECK(profiles->find("nation")->timeout_s == 5U);

  for (const char* name : {"", "default", "a b", "a]", "a\nb"}) {
    profile.name = name;
    CHECK_FALSE(add_profile(home.file, profile));
  }
  profile.name = "bad";
  profile.url = "https://a\n[b]\nurl = \"x";
  CHECK_FALSE(add_profile(home.file, profile));
  CHECK(read_profiles(home.file)->all.size() == 2);
}
