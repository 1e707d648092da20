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

std::string probe(const std::string& root) {
  const auto ran = run({"capmap-probe", "probe", "--json", "--catalog", kCatalog, "--root", root});
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
