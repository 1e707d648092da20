#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/program.hpp"

using capmap::support::run;
using capmap::support::TemporaryFolder;
using Json = nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string kCatalog = std::string(CAPMAP_SOURCE_DIR) + "/schemas/catalog";

std::string probe(const std::string& root, const std::vector<std::string>& flags = {}) {
  std::vector<std::string> words = {"capmap-probe", "probe", "--json", "--catalog", kCatalog, "--root", root};
  words.insert(words.end(), flags.begin(), flags.end());
  const auto ran = run(words);
  CAPTURE(ran.output);
  REQUIRE(ran.code == 0);
  return ran.output;
}

/// A report without what moves by itself between two looks.
Json settled(const std::string& report) {
  auto json = Json::parse(report);
  for (auto& system : json["file_systems"]) system.erase("free_bytes");
  return json;
}

/// Captures this machine and unpacks it; the folder it lies in.
std::string captured(const TemporaryFolder& folder, const std::vector<std::string>& flags) {
  const auto file = folder.path() + "/here.tar.zst", root = folder.path() + "/root";
  std::vector<std::string> words = {"capmap-probe", "capture", file, "--catalog", kCatalog};
  words.insert(words.end(), flags.begin(), flags.end());
  const auto ran = run(words);
  CAPTURE(ran.output);
  REQUIRE(ran.code == 0);
  fs::create_directory(root);
  REQUIRE(run({"/bin/tar", "--zstd", "-xf", file, "-C", root}).code == 0);
  return root;
}

std::string all_texts(const std::string& root) {
  std::stringstream texts;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file() && !entry.is_symlink()) texts << std::ifstream(entry.path()).rdbuf() << '\n';
  }
  return texts.str();
}

}  // namespace

TEST_CASE(
    "capture: what the probe tells of an unpacked capture is what it tells of this machine, but for free space that moves meanwhile") {
  const TemporaryFolder folder;
  CHECK(settled(probe(captured(folder, {"--keep-names"}))).dump() == settled(probe("/")).dump());
}

TEST_CASE("capture: with names hidden only names differ, and this machine's name is nowhere in it") {
  const TemporaryFolder folder;
  const auto root = captured(folder, {});
  auto there = settled(probe(root)), here = settled(probe("/"));
  const auto hostname = here["node"]["hostname"].get<std::string>();
  CHECK(there["node"]["hostname"] != hostname);
  CHECK(there["node"]["hostname"].get<std::string>().substr(0, 5) == "host-");
  there["node"].erase("hostname");
  here["node"].erase("hostname");
  for (auto* report : {&there, &here}) {  // names of places are names
    for (auto& system : (*report)["file_systems"]) {
      system.erase("source");
      system.erase("mount");
    }
  }
  CHECK(there == here);
  if (hostname.size() >= 6) CHECK(all_texts(root).find(hostname) == std::string::npos);
}

TEST_CASE("capture: the same machine with the same salt makes the same bytes") {
  const TemporaryFolder folder;
  const auto first = captured(folder, {"--salt", "s"});
  REQUIRE(run({"capmap-probe", "capture", folder.path() + "/b.tar.zst", "--salt", "s", "--catalog", kCatalog, "--root", first}).code == 0);
  REQUIRE(run({"capmap-probe", "capture", folder.path() + "/c.tar.zst", "--salt", "s", "--catalog", kCatalog, "--root", first}).code == 0);
  CHECK(run({"/usr/bin/cmp", folder.path() + "/b.tar.zst", folder.path() + "/c.tar.zst"}).code == 0);
}

TEST_CASE("capture: a capture of a capture tells the same") {
  const TemporaryFolder folder, second;
  const auto first = captured(folder, {"--keep-names"});
  CHECK(probe(captured(second, {"--keep-names", "--root", first})) == probe(first));
}

/// A made host with accelerators whose driver spoke, a name with a domain, and firmware's table with serial numbers.
std::string made_host(const TemporaryFolder& folder) {
  const std::string source = CAPMAP_SOURCE_DIR, root = folder.path() + "/made";
  REQUIRE(run({source + "/tests/support/make_host.sh", source + "/tests/fixtures/hosts/2s112c-8xH100/parameters", root}).code == 0);
  fs::create_directories(root + "/sys/firmware/dmi/tables");
  fs::create_directories(root + "/etc");
  std::string system(27, '\0'), module(40, '\0');
  system[0] = 1, system[1] = 27, system[4] = 1, system[5] = 2, system[7] = 3;
  system.replace(8, 16, "UUID-OF-ONE-HOST");
  module[0] = 17, module[1] = 40, module[13] = 0x40, module[18] = 0x22, module[24] = 1;
  const std::string texts("ExampleMaker\0Model 7\0SERIAL-1\0\0", 31), module_texts("SERIAL-2\0\0", 10), end("\x7f\x04\0\0\0\0", 6);
  std::ofstream(root + "/sys/firmware/dmi/tables/DMI", std::ios::binary) << system << texts << module << module_texts << end;
  std::ofstream(root + "/proc/sys/kernel/hostname") << "gpu7\n";
  std::ofstream(root + "/etc/hostname") << "gpu7.cluster.example.com\n";
  return root;
}

TEST_CASE("capture: what drivers said and firmware's table go along, without serial numbers, and the probe tells the same elsewhere") {
  const TemporaryFolder folder;
  const auto root = made_host(folder), known = folder.path() + "/known";
  const auto plain = Json::parse(probe(root));
  const auto address = plain["accelerators"][0]["pci_address"].get<std::string>();
  std::ofstream(known) << address << " " << plain["accelerators"][0]["pci_id"].get<std::string>() << " 85520809984 NVIDIA H100 80GB HBM3\n";
  const auto here = probe(root, {"--known", known});
  CHECK(Json::parse(here)["accelerators"][0]["memory_bytes"] == 85'520'809'984U);
  CHECK(Json::parse(here)["firmware"]["product"] == "Model 7");
  CHECK(Json::parse(here)["memory"]["installed_bytes"] == 16ULL << 30);
  CHECK(Json::parse(here)["firmware"]["manufacturer"] == "ExampleMaker");
  const TemporaryFolder with_names, hidden;
  CHECK(probe(captured(with_names, {"--keep-names", "--root", root, "--known", known})) == here);
  const auto elsewhere = captured(hidden, {"--root", root, "--known", known});
  auto told = Json::parse(probe(elsewhere)), expected = Json::parse(here);
  CHECK(told["node"]["hostname"].get<std::string>().starts_with("host-"));
  told["node"].erase("hostname");
  expected["node"].erase("hostname");
  CHECK(told == expected);
  const auto texts = all_texts(elsewhere);
  for (const auto* secret : {"SERIAL-", "UUID-OF-ONE-HOST", "gpu7", "cluster.example"}) CHECK(texts.find(secret) == std::string::npos);
}

TEST_CASE("capture: machines that were captured are told as they were, whatever machine the test runs on") {
  std::size_t seen = 0;
  for (const auto& entry : fs::directory_iterator(std::string(CAPMAP_SOURCE_DIR) + "/tests/fixtures/hosts")) {
    const auto archive = entry.path() / "capture.tar.zst";
    if (!fs::exists(archive)) continue;
    CAPTURE(entry.path().filename().string());
    CHECK(fs::file_size(archive) < 100'000);
    const TemporaryFolder folder;
    REQUIRE(run({"/bin/tar", "--zstd", "-xf", archive.string(), "-C", folder.path()}).code == 0);
    auto told = Json::parse(probe(folder.path()));
    std::ifstream file(entry.path() / "expected.json");
    told.erase("peak");  // the chip table grows
    CHECK(told == Json::parse(file));
    ++seen;
  }
  CHECK(seen > 0);
}

TEST_CASE("capture: errors say what is wrong with which file") {
  const TemporaryFolder folder;
  const auto file = folder.path() + "/a.tar.zst";
  std::ofstream(file) << "mine";
  const auto exists = run({"capmap-probe", "capture", file});
  CHECK(exists.code == 1);
  CHECK(exists.output == "capmap-probe: " + file + ": exists already (--force replaces it)\n");
  std::stringstream kept;
  kept << std::ifstream(file).rdbuf();
  CHECK(kept.str() == "mine");
  const auto nowhere = run({"capmap-probe", "capture", folder.path() + "/no/a.tar.zst"});
  CHECK(nowhere.code == 1);
  CHECK(nowhere.output.find("/no/a.tar.zst: No such file or directory") != std::string::npos);
  CHECK(run({"capmap-probe", "capture"}).code == 2);
}
