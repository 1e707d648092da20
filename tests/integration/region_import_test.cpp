// A code list of regions, from files through capmapctl to a running controller, and over its restart.
#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/support/deployment.hpp"
#include "tests/support/http_peer.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;

namespace {

constexpr std::size_t kPrefectures = 10, kCounties = 9;  ///< of each division, and of each of those
constexpr std::array kDivisions = {11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42,
                                   43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82};

std::string two_digits(std::size_t number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

/// Files as large as those of the country: 340 prefectures and 3,060 counties.
struct Lists {
  explicit Lists(const std::string& folder) : cities(folder + "/cities.csv"), areas(folder + "/areas.csv") {
    std::ofstream city_file(cities), area_file(areas);
    city_file << "code,name,provinceCode\n";
    area_file << "code,name,cityCode,provinceCode\n";
    for (const int division : kDivisions) {
      for (std::size_t i = 1; i <= kPrefectures; ++i) {
        const auto city = std::to_string(division) + two_digits(i);
        city_file << city << ",\"市" << city << "\"," << division << "\n";
        for (std::size_t k = 1; k <= kCounties; ++k)
          area_file << city << two_digits(k) << ",\"县" << city << k << "\"," << city << "," << division << "\n";
      }
    }
  }
  std::string cities, areas;
};

json regions_of(const Deployment& deployment) {
  json by_code;
  const auto answer = body_of(get(static_cast<std::uint16_t>(deployment.http_port), "/v1/regions"));
  for (const auto& region : answer["regions"]) by_code[region["code"].get<std::string>()] = region;
  by_code["year"] = answer["list_year"];
  return by_code;
}

}  // namespace

TEST_CASE("regions import: a country's list is in force as a whole, names places, refuses codes of other years, and outlives a restart") {
  const TemporaryFolder folder;
  const Lists lists(folder.path());
  Deployment deployment;
  deployment.start();
  REQUIRE(deployment.ctl({"sites", "add", "old", "--region", "110199"}).code == 0);
  const auto import = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"regions", "import", lists.cities, lists.areas, "--year", "2024"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return deployment.ctl(arguments);
  };

  const auto unsure = import({});
  CHECK(unsure.code == 5);
  CHECK(unsure.output.find("look with --dry-run, then say --yes") != std::string::npos);
  const auto looked = import({"--dry-run"});
  INFO(looked.output);
  CHECK(looked.code == 0);
  CHECK(looked.output.find("nothing was changed: --dry-run") != std::string::npos);
  CHECK(regions_of(deployment)["year"].is_null());

  const auto done = import({"--yes", "--json"});
  INFO(done.output.substr(0, 1'000));
  REQUIRE(done.code == 0);
  const auto answer = json::parse(done.output);
  CHECK(answer["regions"] == kDivisions.size() * kPrefectures * (1 + kCounties));
  CHECK(answer["changed"] == true);
  CHECK(answer["gone"]["count"] == 0);
  CHECK(answer["sites_not_listed"]["count"] == 1);
  CHECK(answer["sites_not_listed"]["shown"][0]["name"] == "old");
  REQUIRE(regions_of(deployment)["year"] == 2024);
  const auto regions = regions_of(deployment);
  CHECK(regions["1103"]["name"] == "市1103");
  CHECK(regions["110305"]["name"] == "县11035");
  CHECK(regions["110305"]["listed"] == true);
  CHECK(regions["110199"]["listed"] == false);
  CHECK(regions["110199"]["sites"] == 1);
  CHECK(regions["11"]["name"] == "北京");
  CHECK(regions["130701"]["hub"] == "京津冀");

  const auto again = import({"--yes"});
  CHECK(again.code == 0);
  CHECK(again.output.find("in force already, nothing changes") != std::string::npos);
  CHECK(deployment.ctl({"sites", "add", "listed", "--region", "110305"}).code == 0);
  const auto refused = deployment.ctl({"sites", "add", "unlisted", "--region", "110398"});
  CHECK(refused.code == 1);
  CHECK(refused.output.find("\"110398\" is not in the list of 2024; near it are 110309 县11039; what it would lie in is 1103 市1103") !=
        std::string::npos);

  CHECK(deployment.stop(SIGKILL) != 0);
  deployment.start();
  CHECK(regions_of(deployment)["110305"]["name"] == "县11035");
  CHECK(deployment.ctl({"sites", "add", "unlisted", "--region", "110398"}).code == 1);
  CHECK(deployment.stop(SIGTERM) == 0);
}

TEST_CASE("regions import: the list of another year renames, and what it lacks keeps its name and year; a wrong row changes nothing") {
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/list.csv";
  const auto write = [&file](const std::string& rows) {
    std::ofstream(file) << "\xEF\xBB\xBF"
                        << "code,name\n"
                        << rows;
  };
  Deployment deployment;
  deployment.start();
  const auto import = [&](const std::string& year, std::vector<std::string> more = {"--yes"}) {
    more.insert(more.begin(), {"regions", "import", file, "--year", year});
    return deployment.ctl(more);
  };
  write("110000,北京市\n110100,市辖区\n110101,东城区\n110103,崇文区\n");
  REQUIRE(import("2009").code == 0);
  REQUIRE(deployment.ctl({"sites", "add", "south", "--region", "110103"}).code == 0);

  write("110000,北京市\n110100,市辖区\n1101O1,东城区\n110102,西城区\n");
  const auto wrong = import("2024");
  CHECK(wrong.code == 1);
  CHECK(wrong.output.find(file + ":4: code: \"1101O1\" is not 2, 4 or 6 digits") != std::string::npos);
  CHECK(regions_of(deployment)["year"] == 2009);
  CHECK(regions_of(deployment)["110103"]["listed"] == true);

  write("11,京\n1101,市辖区\n110101,东城区\n110102,西城区\n");
  const auto shown = import("2024");
  INFO(shown.output);
  REQUIRE(shown.code == 0);
  CHECK(shown.output.find("added: 1\n  110102 西城区\n") != std::string::npos);
  CHECK(shown.output.find("renamed: 1\n  11 北京市 ▶ 京\n") != std::string::npos);
  CHECK(shown.output.find("gone: 1\n  110103 崇文区\n") != std::string::npos);
  CHECK(shown.output.find("sites whose code is not in the list (they stay): 1\n") != std::string::npos);
  REQUIRE(regions_of(deployment)["year"] == 2024);
  CHECK(regions_of(deployment)["110103"]["name"] == "崇文区");
  CHECK(regions_of(deployment)["110103"]["year"] == 2009);
  const auto refused = deployment.ctl({"sites", "add", "south-2", "--region", "110103"});
  CHECK(refused.output.find("it was 崇文区 in that of 2009") != std::string::npos);

  write("9901,nowhere\n");
  const auto nowhere = import("2025");
  CHECK(nowhere.code == 1);
  CHECK(nowhere.output.find("9901 is below a division that is not listed") != std::string::npos);
  CHECK(import("1901").code == 2);
  CHECK(deployment.ctl({"regions", "import", folder.path() + "/none.csv", "--year", "2024", "--yes"}).code == 4);
  std::filesystem::resize_file(file, (64ULL << 20) + 1);
  const auto large = import("2024");
  CHECK(large.code == 1);
  CHECK(large.output.find("has 67108865 bytes; at most 67108864 are read") != std::string::npos);
  CHECK(regions_of(deployment)["year"] == 2024);
  CHECK(deployment.stop(SIGTERM) == 0);
}
