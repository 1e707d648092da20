#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/put_file.hpp"
#include "tests/support/score.hpp"

namespace capmap::support {

/// Machines captured by other projects, where they lie beside the checkout; what the probe makes of them, and what others say they are.

/// Folder of the captures; nothing where there is none.
std::optional<std::string> corpus_folder();

/// A folder in memory where there is a place for that: archives of 10,000 small files are 30 times faster there than on a disk.
class MemoryFolder {
 public:
  MemoryFolder();
  MemoryFolder(const MemoryFolder&) = delete;
  MemoryFolder& operator=(const MemoryFolder&) = delete;
  ~MemoryFolder();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Unpacks an archive; device nodes and odd owners are passed over.
void unpack(const std::string& archive, const std::string& folder);
/// Every folder with proc/ or sys/ in it, sorted; `top` itself when there is none.
std::vector<std::string> roots_within(const std::string& top);

/// capmap-probe's report; null, and a miss in the score, when it did not end well.
nlohmann::json probe_root(const std::string& unit, const std::string& root, Score& score);
nlohmann::json probe_xml(const std::string& unit, const std::string& file, Score& score);

/// A value of the report as text, by a path such as "/cpu/cores"; "unknown" where it is null.
std::string value_in(const nlohmann::json& report, const std::string& path);

/// A name that is told against one that is not: the members of both lists, each one case.
void compare_names(Score& score, const std::string& unit, const std::string& field, Source source, const std::vector<std::string>& wanted,
                   const std::vector<std::string>& got);

/// A PCI function as a listing tells it, ids and class in hex without 0x; empty = not told.
struct ListedPci {
  std::string address, class_code, vendor, device, subsystem_vendor, subsystem_device;
  std::string folder;  ///< below the root; sys/devices/pci/ADDRESS when empty
};
/// Puts it into sys as the kernel would show it.
void put_pci(const std::string& root, const ListedPci& device);
/// A symbolic link below the root, made relative.
void put_link(const std::string& root, const std::string& link, const std::string& target);

/// The word of a product's name that has digits and no unit: "A100" of "NVIDIA A100-SXM4-80GB", "4090" of "AD102 [GeForce RTX 4090]".
std::string product_of(const std::string& name);

/// Sources of answers, one function a kind of capture.
void score_hwloc(const std::string& corpus, const nlohmann::json& answers, Score& score);
void score_lscpu(const std::string& corpus, Score& score);
void score_libvirt(const std::string& corpus, Score& score);
void score_storage(const std::string& corpus, Score& score);
void score_listings(const std::string& corpus, Score& score);
void score_udev(const std::string& corpus, Score& score);
void score_cpuid(const std::string& corpus, const nlohmann::json& answers, Score& score);
void score_smbios(const std::string& corpus, Score& score);
void score_cadvisor(const std::string& corpus, Score& score);
void score_kfd(const std::string& corpus, Score& score);
void score_exporters(const std::string& corpus, Score& score);
void score_chips(const std::string& corpus, Score& score);
void score_cards(const std::string& corpus, Score& score);
void score_disks(const std::string& corpus, Score& score);

/// AMD cards as rocm-smi describes them (JSON), given to the probe's back end through the false library.
void score_rocm_smi(const std::string& corpus, Score& score);

}  // namespace capmap::support
