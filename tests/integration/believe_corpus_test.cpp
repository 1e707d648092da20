// Machines captured by other projects are honest: what is believed of them, where that corpus lies beside the checkout.
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <map>
#include <thread>

#include "agent/shape_probe.hpp"
#include "common/chip_table.hpp"
#include "tests/support/corpus.hpp"
#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::support;
using namespace capmap::test;

namespace {

std::optional<ShapeFacts> look_at(const std::string& root) {
  ShapeProbe probe({.program = CAPMAP_BINARY_DIR "/capmap-probe",
                    .arguments = {"shape", "--root", root, "--catalog", CAPMAP_SOURCE_DIR "/schemas/catalog"}});
  for (std::uint64_t now_ms = 0; now_ms < 30'000; now_ms += 5) {
    if (auto facts = probe.step(now_ms)) return facts;
    if (!probe.problem().empty()) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return std::nullopt;
}

std::vector<std::string> archives(const std::string& corpus) {
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(corpus)) {
    const auto name = entry.path().filename().string();
    if (entry.is_regular_file() && (name.find(".tar.") != std::string::npos || name.ends_with(".tgz")))
      all.push_back(entry.path().string());
  }
  std::ranges::sort(all);
  return all;
}

}  // namespace

TEST_CASE("believe: no honest machine of the corpus is contradicted, and a chip that nobody has listed is only unproven") {
  const auto corpus = corpus_folder();
  if (!corpus) {
    std::cout << "skipped: no corpus beside the checkout\n";
    return;
  }
  auto chips = ChipTable::load(CAPMAP_SOURCE_DIR "/schemas/catalog");
  REQUIRE(chips);
  World world{.map = CapacityMap(MapOptions{.epoch = 7, .contradicted = Believe::kExclude},
                                 std::make_shared<const ChipTable>(std::move(*chips)), kStart)};
  std::map<std::string, std::size_t> by_verdict, by_reason;
  std::uint64_t machines = 0;
  for (const auto& archive : archives(*corpus)) {
    const MemoryFolder folder;
    unpack(archive, folder.path());
    for (const auto& root : roots_within(folder.path())) {
      const auto facts = look_at(root);
      if (!facts) continue;
      auto agent = world.agent(++machines, {});
      Hello hello = facts->first;
      hello.envelope = agent.envelope();
      hello.shape_id = facts->second.id;
      hello.time_unix_ms = world.now + 5'000;
      world.say(agent, hello);
      world.say(agent, ShapeMessage{.envelope = agent.envelope(), .shape = facts->second});
      world.say(agent, UsageMessage{.envelope = agent.envelope(), .shape_prefix = shape_prefix(facts->second.id), .usage = {}});
      const auto row = world.row(agent);
      ++by_verdict[kVerdictNames[static_cast<std::size_t>(row.verdict)]];
      for (const auto& finding : row.findings) {
        ++by_reason[kDoubtWords[static_cast<std::size_t>(finding.word)]];
        if (!finding.contradicts) continue;
        UNSCOPED_INFO(archive << " " << root << ": " << finding.text << " (virtualization \"" << hello.virtualization << "\")");
      }
      CHECK(row.verdict != Verdict::kContradicted);
      CHECK(row.counted_service != ServiceState::kQuarantined);
    }
  }
  std::cout << machines << " machines:";
  for (const auto& [word, count] : by_verdict) std::cout << ' ' << word << ' ' << count;
  std::cout << "; findings:";
  for (const auto& [word, count] : by_reason) std::cout << ' ' << word << ' ' << count;
  std::cout << "\n";
  CHECK(machines > 100);
}
