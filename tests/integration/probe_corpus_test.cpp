#include <catch2/catch.hpp>
#include <iostream>

#include "tests/support/corpus.hpp"

using namespace capmap::support;

// Runs capmap-probe over machines captured by other projects, where that corpus lies beside the checkout, and holds what it says to what
// those projects' own tests expect and to what other tools read there. The texts of lscpu, dmidecode and smartctl are no source
// of a probe, so nothing reads those captures.

TEST_CASE("corpus: captured machines are read as their own projects read them, or the difference is understood") {
  const auto corpus = corpus_folder();
  if (!corpus) {
    std::cout << "skipped: no corpus beside the checkout\n";
    return;
  }
  Score score;
  const auto answers = nlohmann::json::parse(text_of(*corpus + "/answers.json"));
  score_hwloc(*corpus, answers, score);
  score_cpuid(*corpus, answers, score);
  score_smbios(*corpus, score);
  score_cadvisor(*corpus, score);
  score_kfd(*corpus, score);
  score_exporters(*corpus, score);
  score_chips(*corpus, score);
  score_cards(*corpus, score);
  score_rocm_smi(*corpus, score);
  score_lscpu(*corpus, score);
  score_libvirt(*corpus, score);
  score_storage(*corpus, score);
  score_disks(*corpus, score);
  score_listings(*corpus, score);
  score_udev(*corpus, score);
  score.print(std::cout);
  for (const auto& difference : score.unexplained()) {
    UNSCOPED_INFO(difference);
    CHECK(difference.empty());
  }
  for (const char* field : {"packages", "cores", "pus", "numa_nodes", "memory_bytes", "accelerators", "accelerator_model", "cpu_core",
                            "disks", "disk_bytes", "nics", "nic_mbps"}) {
    INFO(field);
    CHECK(score.counted(field) >= 20);
  }
  CHECK(score.counted() > 3500);
  CHECK(score.right_permille() >= 990);
}
