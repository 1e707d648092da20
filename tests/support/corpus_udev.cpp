// Machines as udev's database lists them: paths, classes, drivers and what its hardware database calls each device.
#include <filesystem>
#include <map>
#include <sstream>

#include "tests/support/corpus.hpp"

namespace capmap::support {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// One device: its path below /sys/devices and its properties.
struct Device {
  std::string path;
  std::map<std::string, std::string> properties;
  [[nodiscard]] std::string get(const std::string& key) const {
    const auto at = properties.find(key);
    return at == properties.end() ? "" : at->second;
  }
  [[nodiscard]] std::string name() const { return fs::path(path).filename().string(); }
  [[nodiscard]] bool is_virtual() const { return path.find("/virtual/") != std::string::npos; }
};

std::vector<Device> read_database(const std::string& file) {
  std::vector<Device> devices;
  std::istringstream lines(text_of(file));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("P: ")) devices.push_back({.path = line.substr(3), .properties = {}});
    if (!line.starts_with("E: ") || devices.empty()) continue;
    const auto equals = line.find('=');
    if (equals != std::string::npos) devices.back().properties[line.substr(3, equals - 3)] = line.substr(equals + 1);
  }
  return devices;
}

void put_pci_of(const std::string& root, const Device& device) {
  const std::string ids = device.get("PCI_ID"), subsystem = device.get("PCI_SUBSYS_ID");  // "8086:6F00"
  if (ids.size() != 9) return;
  std::string code = device.get("PCI_CLASS");
  code.insert(0, 6 - std::min<std::size_t>(6, code.size()), '0');
  put_pci(root, {device.name(), code, ids.substr(0, 4), ids.substr(5), subsystem.substr(0, subsystem.find(':')),
                 subsystem.size() == 9 ? subsystem.substr(5) : "", "sys" + device.path});
  if (!device.get("DRIVER").empty()) put_link(root, "sys" + device.path + "/driver", "sys/bus/pci/drivers/" + device.get("DRIVER"));
}

/// A block or network device hangs at what is above it in the path: its class folder or itself.
void put_class_device(const std::string& root, const std::string& where, const Device& device) {
  const std::string type = device.get("DEVTYPE");
  put_file(root + "/sys" + device.path + "/uevent", type.empty() ? "" : "DEVTYPE=" + type + "\n");
  put_link(root, where + "/" + device.name(), "sys" + device.path);
  if (device.is_virtual()) return;
  fs::path above = fs::path("sys" + device.path).parent_path();
  if (above.filename() == "block" || above.filename() == "net") above = above.parent_path();
  put_link(root, "sys" + device.path + "/device", above.string());
}

void put_machine(const std::string& root, const std::vector<Device>& devices) {
  for (const auto& device : devices) {
    const std::string subsystem = device.get("SUBSYSTEM");
    if (!device.get("PCI_ID").empty()) put_pci_of(root, device);
    if (subsystem == "block" && device.get("DEVTYPE") == "disk") {
      put_class_device(root, "sys/block", device);
      put_file(root + "/sys" + device.path + "/size", "1000000\n");
    }
    if (subsystem != "net") continue;
    put_class_device(root, "sys/class/net", device);
    put_file(root + "/sys" + device.path + "/type", "1\n");
    if (device.get("DEVTYPE") == "wlan") put_file(root + "/sys" + device.path + "/wireless/status", "");
    const std::string driver = device.get("ID_NET_DRIVER").empty() ? device.get("ID_USB_DRIVER") : device.get("ID_NET_DRIVER");
    if (!driver.empty() && !device.is_virtual()) put_link(root, "sys" + device.path + "/device/driver", "sys/bus/drivers/" + driver);
  }
}

/// What udev calls a disk: not a CD, a floppy, or a card without a type; MMC, NVMe and virtio drives have no type of SCSI.
bool is_disk(const Device& device) {
  if (device.get("SUBSYSTEM") != "block" || device.get("DEVTYPE") != "disk") return false;
  const std::string name = device.name(), type = device.get("ID_TYPE");
  if (type == "disk") return !device.properties.contains("ID_DRIVE_FLOPPY");
  if (name.starts_with("mmcblk")) return name.find("boot") == std::string::npos && name.find("rpmb") == std::string::npos;
  if (name.starts_with("vd") || name.starts_with("dasd")) return true;
  return name.starts_with("nvme") && !device.is_virtual() && type.empty();
}

bool is_wired(const Device& device) {
  if (device.get("SUBSYSTEM") != "net" || device.is_virtual()) return false;
  const std::string type = device.get("DEVTYPE");
  return type != "wlan" && type != "wwan" && type != "bond" && type != "vlan" && type != "bridge";
}

/// By class: 3D and other display controllers and processing accelerators, and NVIDIA's that also show a screen.
bool is_accelerator(const Device& device) {
  const std::string code = device.get("PCI_CLASS");
  if (code == "30200" || code == "120000" || code == "38000") return true;
  return code == "30000" && device.get("PCI_ID").starts_with("10DE");
}

std::vector<std::string> names_of(const Json& rows, const char* key) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.push_back(row[key].get<std::string>());
  return names;
}

}  // namespace

void score_udev(const std::string& corpus, Score& score) {
  const std::string folder = corpus + "/canonical_checkbox/checkbox-ng/checkbox_ng/support/parsers/tests/udevadm_data";
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".txt") files[entry.path().stem().string()] = entry.path().string();
  }
  for (const auto& [name, file] : files) {
    const auto devices = read_database(file);
    const MemoryFolder machine;
    put_machine(machine.path(), devices);
    const Json report = probe_root("udev/" + name, machine.path(), score);
    if (!report.is_object()) continue;
    std::vector<std::string> disks, ports, accelerators;
    for (const auto& device : devices) {
      if (is_disk(device)) disks.push_back(device.name());
      if (is_wired(device)) ports.push_back(device.name());
      if (is_accelerator(device)) accelerators.push_back(device.name());
    }
    compare_names(score, "udev/" + name, "disks", Source::kOtherTool, disks, names_of(report["storage"], "name"));
    compare_names(score, "udev/" + name, "nics", Source::kOtherTool, ports, names_of(report["network"], "name"));
    compare_names(score, "udev/" + name, "accelerators", Source::kOtherTool, accelerators, names_of(report["accelerators"], "pci_address"));
  }
}

}  // namespace capmap::support
