// A whole country comes in by files, as its registrar would bring it: the code list, then 20,000 sites in its prefectures. Prints times.
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/support/deployment.hpp"
#include "tests/support/http_peer.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

constexpr std::size_t kSites = 20'000, kPrefectures = 10;  ///< so many of each of the 34 divisions
constexpr std::array kDivisions = {11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42,
                                   43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82};

std::string prefecture(std::size_t number) {
  const auto below = number / kDivisions.size() % kPrefectures + 1;
  return std::to_string(kDivisions[number % kDivisions.size()]) + (below < 10 ? "0" : "") + std::to_string(below);
}

std::string code_list(const std::string& path) {
  std::ofstream file(path);
  file << "code,name\n";
  for (const int division : kDivisions) file << division << ",省" << division << "\n";
  for (std::size_t i = 0; i < kDivisions.size() * kPrefectures; ++i) file << prefecture(i) << ",市" << prefecture(i) << "\n";
  return path;
}

/// `wrong` takes the place of the row in the middle where it is not empty.
std::string site_list(const std::string& path, const std::string& wrong = {}, std::size_t pue = 120) {
  std::ofstream file(path);
  file << "name,region,compute_class,service,latitude,longitude,pue,green_share,declared.nodes,declared.memory_bytes\n";
  for (std::size_t i = 0; i < kSites; ++i) {
    if (i == kSites / 2 && !wrong.empty()) {
      file << wrong << "\n";
      continue;
    }
    file << "site-" << i << "," << prefecture(i) << "," << (i % 3 == 0 ? "general" : "intelligent") << ",public," << 20 + i % 30 << ".5,"
         << 80 + i % 40 << ".25,1." << pue + i % 300 << "," << i % 1'000 << "," << 1 + i % 1'000 << "," << (1 + i) * 1'000'000'000 << "\n";
  }
  return path;
}

struct Timed {
  Ran ran;
  std::int64_t ms = 0;
};

Timed timed(const Deployment& deployment, std::vector<std::string> arguments) {
  const auto begun = std::chrono::steady_clock::now();
  auto ran = deployment.ctl(std::move(arguments));
  return {std::move(ran), std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun).count()};
}

bool says(const Timed& said, const std::string& text) {
  INFO(said.ran.output.substr(0, 600) << "\nwanted: " << text);
  CHECK(said.ran.output.find(text) != std::string::npos);
  return said.ran.output.find(text) != std::string::npos;
}

/// Number of sites by what /v1/map says of them; -1 when it does not.
std::int64_t sites_in(const Deployment& deployment) {
  return static_cast<std::int64_t>(deployment.metric("capmap_sites"));
}

}  // namespace

TEST_CASE(
    "country: 34 divisions, 340 prefectures and 20,000 sites; a diff first, nothing twice, and nothing at all of a file with one bad row") {
  const TemporaryFolder folder;
  Deployment deployment;
  deployment.start();
  const auto regions = code_list(folder.path() + "/regions.csv");
  const auto listed = timed(deployment, {"regions", "import", regions, "--year", "2024", "--yes"});
  REQUIRE(listed.ran.code == 0);
  const auto listed_again = timed(deployment, {"regions", "import", regions, "--year", "2024", "--yes"});
  says(listed_again, "in force already, nothing changes");
  const auto before = sites_in(deployment);
  REQUIRE(before >= 0);

  for (const auto& [row, why] : std::vector<std::pair<std::string, std::string>>{
           {"middle,1199,general,public,30,100,1.2,100,1,1", "\"1199\" is not in the list of 2024"},
           {"middle,1101,general,public,91,100,1.2,100,1,1", "latitude"},
           {"middle,1101,general,public,30,100,1.2,100,-1,1", "declared.nodes"},
           {"middle,1101,general,public,30,100,1.2,100,1,99999999999999999999999", "declared.memory_bytes"},
           {"site-17,1101,general,public,30,100,1.2,100,1,1", "stands there twice, first in line 19"},
           {"mid\xFF"
            "dle,1101,general,public,30,100,1.2,100,1,1",
            "UTF-8"}}) {
    const auto refused = timed(deployment, {"sites", "import", site_list(folder.path() + "/wrong.csv", row), "--yes"});
    CHECK(refused.ran.code == 1);
    says(refused, ":" + std::to_string(kSites / 2 + 2) + ": ");
    says(refused, why);
    says(refused, "nothing was changed");
    CHECK(sites_in(deployment) == before);
  }

  const auto sites = site_list(folder.path() + "/sites.csv");
  const auto shown = timed(deployment, {"sites", "import", sites, "--dry-run"});
  CHECK(shown.ran.code == 0);
  says(shown, "20,000 added");
  CHECK(sites_in(deployment) == before);
  const auto done = timed(deployment, {"sites", "import", sites, "--yes"});
  CHECK(done.ran.code == 0);
  says(done, "done: 20,000 changes");
  REQUIRE(soon([&] { return sites_in(deployment) == before + static_cast<std::int64_t>(kSites); }));
  const auto again = timed(deployment, {"sites", "import", sites, "--yes"});
  CHECK(again.ran.code == 0);
  says(again, "20,000 unchanged");
  const auto changed = timed(deployment, {"sites", "import", site_list(folder.path() + "/changed.csv", {}, 121), "--yes"});
  CHECK(changed.ran.code == 0);
  says(changed, "20,000 changed");

  // All of it was promised, so it is there after the controller is killed.
  deployment.stop(SIGKILL);
  deployment.start();
  CHECK(sites_in(deployment) == before + static_cast<std::int64_t>(kSites));
  const auto kept = timed(deployment, {"sites", "import", folder.path() + "/changed.csv", "--yes"});
  says(kept, "20,000 unchanged");

  const auto huge = folder.path() + "/huge.csv";
  std::filesystem::copy_file(sites, huge);
  std::filesystem::resize_file(huge, 500'000'000);
  const auto refused = timed(deployment, {"sites", "import", huge, "--yes"});
  CHECK(refused.ran.code == 1);
  says(refused, "has 500000000 bytes, over 64 MiB: import it in parts");
  CHECK(deployment.stop(SIGTERM) == 0);
  std::cout << "374 regions in " << listed.ms << " ms; 20,000 sites: diff in " << shown.ms << " ms, diff and done in " << done.ms
            << " ms, nothing to change in " << again.ms << " ms, each changed in " << changed.ms << " ms; 500 MB refused in " << refused.ms
            << " ms\n";
}
