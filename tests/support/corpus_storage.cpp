// Disks as lsblk, libnvme and lsmem are expected to list them by their own tests.
#include <cstdio>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>

#include "tests/support/corpus.hpp"

namespace capmap::support {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// A size as lsblk and lsmem write it: "223.6G", "500M".
std::string size_text(const Json& bytes, char unit) {
  if (!bytes.is_number()) return "unknown";
  const double divisor = unit == 'T' ? 1099511627776.0 : unit == 'G' ? 1073741824.0 : 1048576.0;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", bytes.get<double>() / divisor);
  std::string figure = text;
  if (figure.ends_with(".0")) figure.resize(figure.size() - 2);
  return figure + unit;
}

std::vector<std::string> disk_names(const Json& report) {
  std::vector<std::string> names;
  for (const auto& disk : report["storage"]) names.push_back(disk["name"].get<std::string>());
  return names;
}

void compare_disks(Score& score, const std::string& unit, const std::string& table, const Json& report) {
  std::vector<std::string> disks;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name, kernel_name, number, removable, size, type;
    words >> name >> kernel_name >> number >> removable >> size >> type;
    if (type != "disk") continue;
    disks.push_back(name);
    for (const auto& disk : report["storage"]) {
      if (disk["name"] == name)
        score.add({unit + "/" + name, "disk_bytes", Source::kUpstream, size, size_text(disk["bytes"], size.back())});
    }
  }
  compare_names(score, unit, "disks", Source::kUpstream, disks, disk_names(report));
}

/// Models as lsblk -o VENDOR prints them, blanks as underscores where the dump's udev did so.
void compare_models(Score& score, const std::string& unit, const std::string& table, const Json& report) {
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    const std::string name = line.substr(0, line.find(' '));
    for (const auto& disk : report["storage"]) {
      if (disk["name"] != name || disk["model"].is_null()) continue;
      const std::string model = std::regex_replace(disk["model"].get<std::string>(), std::regex("_"), " ");
      const std::string wanted = std::regex_replace(line.substr(12), std::regex("_"), " ");
      // The kernel cuts a SCSI model at 16 characters, udev reads the drive's own longer one.
      score.add({unit + "/" + name, "disk_model", Source::kUpstream, wanted.substr(0, model.size()), model});
    }
  }
}

/// Links in sys/block to the namespaces of a tree that was taken for NVMe tools alone.
void link_namespaces(const std::string& root) {
  static const std::regex name("nvme[0-9]+n[0-9]+");
  std::error_code error;
  fs::create_directories(root + "/sys/block", error);
  std::vector<fs::path> found;
  for (fs::recursive_directory_iterator at(root + "/sys/devices", error), end; at != end; at.increment(error)) {
    if (at->is_directory() && !at->is_symlink() && std::regex_match(at->path().filename().string(), name)) found.push_back(at->path());
  }
  for (const auto& place : found) {
    fs::create_symlink(fs::relative(place, root + "/sys/block"), root + "/sys/block/" + place.filename().string(), error);
  }
}

void score_nvme(const std::string& archive, const std::string& expected, const std::string& unit, Score& score) {
  const MemoryFolder folder;
  unpack(archive, folder.path());
  const std::string root = roots_within(folder.path()).front();
  link_namespaces(root);
  const Json report = probe_root(unit, root, score);
  if (!report.is_object()) return;
  static const std::regex line("(?:ns [0-9]+ |\"name\":\")(nvme[0-9]+n[0-9]+)");
  const std::string text = text_of(expected);
  std::vector<std::string> namespaces;
  for (std::sregex_iterator at(text.begin(), text.end(), line), end; at != end; ++at) namespaces.push_back((*at)[1].str());
  compare_names(score, unit, "disks", Source::kUpstream, namespaces, disk_names(report));
}

void score_lsmem(const std::string& corpus, const std::string& name, Score& score) {
  const MemoryFolder folder;
  unpack(corpus + "/util-linux/tests/ts/lsmem/dumps/" + name + ".tar.bz2", folder.path());
  const Json report = probe_root("lsmem/" + name, roots_within(folder.path()).front(), score);
  const std::string text = text_of(corpus + "/util-linux/tests/expected/lsmem/lsmem-" + name);
  std::smatch match;
  if (!report.is_object() || !std::regex_search(text, match, std::regex("Total online memory: *([0-9.]+[A-Z])"))) return;
  const std::string wanted = match[1].str();
  score.add({"lsmem/" + name, "memory_bytes", Source::kUpstream, wanted, size_text(report["memory"]["shape_bytes"], wanted.back())});
}

}  // namespace

void score_storage(const std::string& corpus, Score& score) {
  for (const char* name : {"simple-nvme", "multi-devs-bcachefs"}) {
    const MemoryFolder folder;
    unpack(corpus + "/util-linux/tests/ts/lsblk/dumps/" + name + ".tar.xz", folder.path());
    const std::string unit = std::string("lsblk/") + name, expected = corpus + "/util-linux/tests/expected/lsblk/lsblk-" + name;
    const Json report = probe_root(unit, roots_within(folder.path()).front(), score);
    if (!report.is_object()) continue;
    compare_disks(score, unit, text_of(expected + "-basic"), report);
    compare_models(score, unit, text_of(expected + "-vendor"), report);
  }
  score_nvme(corpus + "/linux-nvme_libnvme/test/sysfs/data/tree-pcie.tar.xz", corpus + "/linux-nvme_libnvme/test/sysfs/data/tree-pcie.out",
             "libnvme/tree-pcie", score);
  const std::string cli = corpus + "/linux-nvme_nvme-cli/libnvme/tests/sysfs/data/tree-pcie";
  score_nvme(cli + ".tar.xz", cli + ".out", "nvme-cli/tree-pcie", score);
  for (const char* name : {"aarch64_16K_16g", "s390-zvm-6g"}) score_lsmem(corpus, name, score);
}

}  // namespace capmap::support
