#include "tests/support/corpus.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>

#include "tests/support/program.hpp"

namespace capmap::support {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const std::string kSource = CAPMAP_SOURCE_DIR;

Json probe(const std::string& unit, const std::string& option, const std::string& place, Score& score) {
  const auto ran = run({"capmap-probe", "probe", "--json", "--catalog", kSource + "/schemas/catalog", option, place});
  Json report = ran.code == 0 ? Json::parse(ran.output, nullptr, false) : Json();
  if (ran.code != 0) score.fail(unit, "capmap-probe ended with " + std::to_string(ran.code) + ": " + ran.output.substr(0, 200));
  if (ran.code == 0 && !report.is_object()) score.fail(unit, "the report is not JSON");
  return report.is_object() ? report : Json();
}

}  // namespace

std::optional<std::string> corpus_folder() {
  const std::string folder = kSource + "/../shared/corpus";
  if (fs::exists(folder + "/answers.json")) return folder;
  const char* elsewhere = ::getenv("CAPMAP_CORPUS");
  if (elsewhere && fs::exists(std::string(elsewhere) + "/answers.json")) return elsewhere;
  return std::nullopt;
}

MemoryFolder::MemoryFolder() {
  std::string name = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm/capmap-corpus-XXXXXX" : "/tmp/capmap-corpus-XXXXXX";
  if (::mkdtemp(name.data()) != nullptr) path_ = name;
}

MemoryFolder::~MemoryFolder() {
  std::error_code error;
  if (!path_.empty()) fs::remove_all(path_, error);
}

void put_link(const std::string& root, const std::string& link, const std::string& target) {
  std::error_code error;
  const fs::path place = fs::path(root) / link;
  fs::create_directories(place.parent_path(), error);
  fs::create_symlink((fs::path(root) / target).lexically_relative(place.parent_path()), place, error);
}

void put_pci(const std::string& root, const ListedPci& device) {
  const std::string folder = device.folder.empty() ? "sys/devices/pci/" + device.address : device.folder;
  const auto put = [&](const char* name, const std::string& hex) {
    if (!hex.empty()) put_file(root + "/" + folder + "/" + name, "0x" + hex + "\n");
  };
  put("class", device.class_code);
  put("vendor", device.vendor);
  put("device", device.device);
  put("subsystem_vendor", device.subsystem_vendor);
  put("subsystem_device", device.subsystem_device);
  put_link(root, "sys/bus/pci/devices/" + device.address, folder);
}

void unpack(const std::string& archive, const std::string& folder) {
  run({"tar", "-xf", archive, "-C", folder}, std::chrono::seconds(120));
  run({"chmod", "-R", "u+rwX", folder}, std::chrono::seconds(120));
}

std::vector<std::string> roots_within(const std::string& top) {
  std::set<std::string> roots;
  std::error_code error;
  for (fs::recursive_directory_iterator at(top, error), end; at != end; at.increment(error)) {
    if (at->path().filename() != "sys" && at->path().filename() != "proc") continue;
    at.disable_recursion_pending();
    roots.insert(at->path().parent_path().string());
  }
  if (roots.empty()) roots.insert(top);
  return {roots.begin(), roots.end()};
}

Json probe_root(const std::string& unit, const std::string& root, Score& score) {
  return probe(unit, "--root", root, score);
}

Json probe_xml(const std::string& unit, const std::string& file, Score& score) {
  return probe(unit, "--hwloc-xml", file, score);
}

std::string value_in(const Json& report, const std::string& path) {
  const auto pointer = Json::json_pointer(path);
  if (!report.contains(pointer) || report[pointer].is_null()) return "unknown";
  const Json& value = report[pointer];
  return value.is_string() ? value.get<std::string>() : value.dump();
}

void compare_names(Score& score, const std::string& unit, const std::string& field, Source source, const std::vector<std::string>& wanted,
                   const std::vector<std::string>& got) {
  std::set<std::string> all(wanted.begin(), wanted.end());
  all.insert(got.begin(), got.end());
  const auto said = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) == names.end() ? "none" : name;
  };
  for (const auto& name : all) score.add({unit, field, source, said(wanted, name), said(got, name)});
}

}  // namespace capmap::support
