// Disks as smartctl describes them, put into sysfs as the kernel shows them: sizes in sectors of 512 bytes whatever the disk's own are.
#include <filesystem>
#include <set>

#include "tests/support/corpus.hpp"

namespace capmap::support {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct Told {
  std::string unit, name, media, bytes;
};

/// The number-th name that the kernel gives a disk: "sda" to "sdz", then "sdaa"; "nvme3n1".
std::string kernel_name(bool nvme, unsigned number) {
  if (nvme) return "nvme" + std::to_string(number) + "n1";
  std::string letters;
  for (++number; number > 0; number = (number - 1) / 26) letters.insert(letters.begin(), static_cast<char>('a' + (number - 1) % 26));
  return "sd" + letters;
}

/// What the kernel shows of the disk; nothing of one whose size smartctl did not tell.
std::optional<Told> put_disk(const std::string& root, const std::string& file, unsigned number) {
  const Json all = Json::parse(text_of(file), nullptr, false);
  if (!all.is_object() || !all.contains("user_capacity")) return std::nullopt;
  const bool nvme = all["device"]["protocol"] == "NVMe";
  const auto block = all.value("logical_block_size", 512U);
  const auto blocks = all["user_capacity"]["blocks"].get<std::uint64_t>();
  Told told{.unit = "smartctl/" + fs::path(file).stem().string(),
            .name = kernel_name(nvme, number),
            .media = "unknown",
            .bytes = all["user_capacity"]["bytes"].dump()};
  if (all.contains("rotation_rate")) told.media = all["rotation_rate"] == 0 ? "ssd" : "hdd";
  if (nvme) told.media = "nvme";
  const std::string device = "sys/devices/pci0000:00/0000:00:01.0/" + (nvme ? "nvme/nvme" + std::to_string(number) : "ata1/" + told.name);
  const std::string folder = device + (nvme ? "/" : "/block/") + told.name;
  put_file(root + "/" + folder + "/size", std::to_string(blocks * (block / 512)) + "\n");
  put_file(root + "/" + folder + "/queue/logical_block_size", std::to_string(block) + "\n");
  if (nvme) put_file(root + "/" + device + "/transport", "pcie\n");
  if (told.media == "ssd" || told.media == "hdd") {
    put_file(root + "/" + folder + "/queue/rotational", told.media == "hdd" ? "1\n" : "0\n");
  }
  put_link(root, folder + "/device", device);
  put_link(root, "sys/block/" + told.name, folder);
  return told;
}

}  // namespace

void score_disks(const std::string& corpus, Score& score) {
  std::set<std::string> files;  // in one order on every file system
  for (const char* folder : {"/smartctl_exporter/testdata", "/AnalogJ_scrutiny/webapp/backend/pkg/models/testdata"}) {
    for (const auto& entry : fs::directory_iterator(corpus + folder)) {
      if (entry.path().extension() == ".json") files.insert(entry.path());
    }
  }
  const MemoryFolder machine;
  std::vector<Told> disks;
  for (const auto& file : files) {
    if (auto told = put_disk(machine.path(), file, static_cast<unsigned>(disks.size()))) disks.push_back(std::move(*told));
  }
  const Json report = probe_root("smartctl", machine.path(), score);
  if (!report.is_object()) return;
  std::vector<std::string> wanted, got;
  for (const auto& disk : disks) wanted.push_back(disk.name);
  for (const auto& disk : report["storage"]) {
    got.push_back(disk["name"].get<std::string>());
    for (const auto& told : disks) {
      if (told.name != got.back()) continue;
      score.add({told.unit, "disk_bytes", Source::kOtherTool, told.bytes, value_in(disk, "/bytes")});
      score.add({told.unit, "disk_media", Source::kOtherTool, told.media, value_in(disk, "/media")});
    }
  }
  compare_names(score, "smartctl", "disks", Source::kOtherTool, wanted, got);
}

}  // namespace capmap::support
