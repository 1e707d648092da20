#include <stdlib.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "tests/support/program.hpp"

using capmap::support::run;
using Json = nlohmann::json;
namespace fs = std::filesystem;

// Runs capmap-probe over machines captured by other projects, where that corpus lies beside the checkout.

namespace {

const std::string kSource = CAPMAP_SOURCE_DIR;
const std::string kCorpus = kSource + "/../shared/corpus";

/// A folder in memory where there is a place for that: archives of 10,000 small files are 30 times faster there than on a disk.
class MemoryFolder {
 public:
  MemoryFolder() {
    std::string name = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm/capmap-corpus-XXXXXX" : "/tmp/capmap-corpus-XXXXXX";
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  MemoryFolder(const MemoryFolder&) = delete;
  MemoryFolder& operator=(const MemoryFolder&) = delete;
  ~MemoryFolder() { fs::remove_all(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The first folder by name with proc/ or sys/ in an unpacked archive; the archive's own top when there is none.
std::string root_within(const std::string& top) {
  std::string first;
  std::error_code error;
  for (fs::recursive_directory_iterator at(top, error), end; at != end; at.increment(error)) {
    if (at->path().filename() != "sys" && at->path().filename() != "proc") continue;
    at.disable_recursion_pending();
    const std::string root = at->path().parent_path().string();
    if (first.empty() || root < first) first = root;
  }
  return first.empty() ? top : first;
}

/// The report on an archive or XML file, and how the program ended.
struct Seen {
  int code = 0;
  Json report;
};

Seen probe(const std::string& option, const std::string& place) {
  const auto ran = run({"capmap-probe", "probe", "--json", "--catalog", kSource + "/schemas/catalog", option, place});
  return {ran.code, ran.code == 0 ? Json::parse(ran.output, nullptr, false) : Json()};
}

Seen probe_archive(const std::string& archive) {
  const MemoryFolder folder;
  REQUIRE_FALSE(folder.path().empty());
  run({"tar", "-xf", archive, "-C", folder.path()});  // device nodes and odd owners make tar complain: what it unpacked counts
  run({"chmod", "-R", "u+rwX", folder.path()});
  return probe("--root", root_within(folder.path()));
}

/// hwloc's own counts of a unit, where its answer has some.
std::optional<Json> counts_of(const Json& unit) {
  const Json& answer = unit["answer"];
  if (!answer.is_object()) return std::nullopt;
  for (const char* key : {"counts", "hwloc290_reference"}) {
    if (answer.contains(key)) return answer[key];
  }
  return std::nullopt;
}

std::string describe(const Json& wanted, const Json& cpu) {
  std::string text;
  for (const auto& [theirs, ours] :
       {std::pair("Package", "packages"), std::pair("Core", "cores"), std::pair("PU", "pus"), std::pair("NUMANode", "numa_nodes")}) {
    const Json want = wanted.value(theirs, 0), got = cpu[ours].is_null() ? Json(0) : cpu[ours];
    if (want != got) text += std::string(" ") + ours + " " + got.dump() + " (theirs " + want.dump() + ")";
  }
  return text;
}

/// Units that differ with a reason: theirs counts what a cgroup allows, or every mention of a NUMA node in a text, or another one of
/// the archive's three machines.
bool differs_for_a_reason(const std::string& name) {
  for (const char* known : {"32amd64-4s2n4c-cgroup2", "4fake-4gr1nu1pu", "64intel64-fakeKNL-SNC4-hybrid", "fakeheteromemtiers",
                            "fakememinitiators-1np2c+1npp+gi", "8em64t-2p2ca2co-nonodesets", "nri/cmd-plugins-sysfs"}) {
    if (name.ends_with(known)) return true;
  }
  return false;
}

struct Tally {
  unsigned looked_at = 0, counted = 0, agree = 0;
};

void compare(const std::string& name, const Json& unit, const Seen& seen, Tally& tally) {
  ++tally.looked_at;
  CAPTURE(name);
  CHECK(seen.code == 0);
  const auto counts = counts_of(unit);
  if (!counts || !seen.report.is_object()) return;
  ++tally.counted;
  const std::string difference = describe(*counts, seen.report["cpu"]);
  if (difference.empty()) {
    ++tally.agree;
    return;
  }
  std::cout << name << ":" << difference << "\n";
  CHECK(differs_for_a_reason(name));
}

}  // namespace

TEST_CASE("corpus: captured machines are read without a crash, and counted as hwloc's own tests count them") {
  std::ifstream file(kCorpus + "/answers.json");
  if (!file) {
    std::cout << "skipped: no corpus beside the checkout\n";
    return;
  }
  Tally roots, topologies;
  const Json answers = Json::parse(file);
  for (const auto& [name, unit] : answers.items()) {
    const std::string first = kCorpus + "/" + unit["paths"][0].get<std::string>();
    if (unit["cls"] == "fsroot" || unit["cls"] == "fsroot-cpu-only") compare(name, unit, probe_archive(first), roots);
    if (unit["cls"] != "xml") continue;
    for (const auto& path : unit["paths"]) {
      const std::string xml = kCorpus + "/" + path.get<std::string>();
      // XML of the third generation cannot be read by the second: refused with a reason, which is an exit code of its own.
      if (xml.ends_with(".v3.xml")) continue;
      if (xml.ends_with(".xml")) compare(name, unit, probe("--hwloc-xml", xml), topologies);
    }
  }
  std::cout << "captured machines: " << roots.looked_at << " read, counts agree for " << roots.agree << " of " << roots.counted << "\n"
            << "XML topologies: " << topologies.looked_at << " read, counts agree for " << topologies.agree << " of " << topologies.counted
            << "\n";
  CHECK(roots.looked_at > 0);
}
