#include "agent/probe/shape_storage.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "agent/probe/plausible.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kSectorBytes = 512;  // sys/block/*/size counts these, whatever the device's own sectors are

/// Where a block device hangs, from the target of its link in sys/block.
std::string device_path(const HostRoot& root, const std::string& name) {
  const auto target = root.link_target("sys/block/" + name);
  return target ? *target : std::string();
}

/// Names that never are a disk of their own, even where the kernel gives them a device.
bool is_left_out(std::string_view name) {
  for (const std::string_view prefix : {"loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd", "mtdblock", "zd"}) {
    if (name.starts_with(prefix)) return true;
  }
  return name.starts_with("mmcblk") && (has(name, "boot") || has(name, "rpmb"));
}

std::string text_of(const HostRoot& root, const std::string& path) {
  const auto line = root.read_line(path);
  return line ? single_spaced(*line) : std::string();
}

/// NVMe over PCIe is local, over anything else it is somebody else's disk. A multipath head asks its first controller.
Media nvme_media(const HostRoot& root, const std::string& device) {
  std::string transport = text_of(root, device + "/transport");
  if (transport.empty()) {
    const auto entries = root.list(device);
    for (const auto& entry : entries ? *entries : std::vector<std::string>{}) {
      if (entry.starts_with("nvme")) transport = text_of(root, device + "/" + entry + "/transport");
      if (!transport.empty()) break;
    }
  }
  return transport.empty() || transport == "pcie" ? Media::kNvme : Media::kRemote;
}

Media read_media(const HostRoot& root, const std::string& name, std::string_view vendor, std::string_view model) {
  const std::string path = device_path(root, name);
  if (has(model, "Amazon Elastic Block Store") || model == "nvme_card-pd" || has(model, "MSFT NVMe Accelerator")) return Media::kRemote;
  if (name.starts_with("vd") || name.starts_with("xvd") || has(path, "/virtio") || is_virtual_disk_model(vendor, model))
    return Media::kUnknown;
  if (name.starts_with("nvme")) return nvme_media(root, "sys/block/" + name + "/device");
  if (name.starts_with("rbd") || has(path, "/session") || has(path, "/rport-")) return Media::kRemote;
  const auto rotational = root.read_u64("sys/block/" + name + "/queue/rotational");
  if (!rotational) return Media::kUnknown;
  return *rotational == 0 ? Media::kSsd : Media::kHdd;
}

/// A name that is the same over every path to one disk; empty when there is none to trust.
std::string path_free_id(const HostRoot& root, const std::string& name) {
  std::string id = text_of(root, "sys/block/" + name + "/device/wwid");
  if (id.empty()) id = text_of(root, "sys/block/" + name + "/wwid");
  return id.starts_with("naa.") || id.starts_with("eui.") || id.starts_with("uuid.") ? id : std::string();
}

Disk read_disk(const HostRoot& root, const std::string& name, std::vector<Problem>& problems) {
  const std::string folder = "sys/block/" + name;
  Disk disk{.name = name, .shape = {}, .health = read_disk_health(root, name)};
  disk.shape.model = text_of(root, folder + "/device/model");
  if (disk.shape.model.empty()) disk.shape.model = text_of(root, folder + "/device/name");  // SD and eMMC
  disk.shape.media = read_media(root, name, text_of(root, folder + "/device/vendor"), disk.shape.model);
  const auto sectors = root.read_u64(folder + "/size");
  if (!sectors) {
    problems.push_back({"storage", sectors.error().what});
  } else if (*sectors == 0) {
    problems.push_back({"storage", folder + "/size: 0 sectors"});
  } else if (const auto count = plausible(*sectors, kMostDiskBytes / kSectorBytes, "storage", folder + "/size", problems)) {
    disk.shape.bytes = *count * kSectorBytes;
  }
  return disk;
}

/// A medium that is put in and taken out: a stick, a card reader, a management controller's virtual floppy.
bool is_removable(const HostRoot& root, const std::string& name) {
  const auto removable = root.read_u64("sys/block/" + name + "/removable");
  return removable && *removable == 1;
}

bool is_physical(const HostRoot& root, const std::string& name) {
  const std::string path = device_path(root, name);
  const bool virtual_one = path.empty() || has(path, "/virtual/");  // the head of a multipath NVMe drive is, and has a device
  if (is_left_out(name) || (virtual_one && !root.exists("sys/block/" + name + "/device"))) return false;
  const auto hidden = root.read_u64("sys/block/" + name + "/hidden");
  return !(hidden && *hidden == 1) && !is_removable(root, name);
}

/// All but the first path of each multipath device: where drivers tell no wwid, the device mapper has asked the disks themselves.
std::set<std::string> further_paths(const HostRoot& root, const std::vector<std::string>& names) {
  std::set<std::string> further;
  for (const auto& name : names) {
    if (!name.starts_with("dm-") || !text_of(root, "sys/block/" + name + "/dm/uuid").starts_with("mpath-")) continue;
    const auto slaves = root.list("sys/block/" + name + "/slaves");
    if (!slaves || slaves->empty()) continue;
    further.insert(slaves->begin() + 1, slaves->end());
  }
  return further;
}

}  // namespace

bool is_virtual_disk_model(std::string_view vendor, std::string_view model) {
  constexpr std::array kVendors = std::to_array<std::string_view>({"QEMU", "VMware", "Msft", "VBOX", "Google", "Xen"});
  constexpr std::array kModels =
      std::to_array<std::string_view>({"QEMU", "VMware", "VBOX", "Virtual Disk", "Virtual disk", "PersistentDisk"});
  const auto starts = [](std::string_view text) { return [text](std::string_view prefix) { return text.starts_with(prefix); }; };
  return std::any_of(kVendors.begin(), kVendors.end(), starts(vendor)) || std::any_of(kModels.begin(), kModels.end(), starts(model));
}

Probed<std::vector<Disk>> read_storage_shape(const HostRoot& root) {
  Probed<std::vector<Disk>> probed;
  const auto names = root.list("sys/block");
  if (!names) {
    probed.problems.push_back({"storage", names.error().what});
    return probed;
  }
  std::set<std::string> seen;
  const auto further = further_paths(root, *names);
  for (const auto& name : *names) {
    if (further.contains(name) || !is_physical(root, name)) continue;
    const std::string id = path_free_id(root, name);
    if (!id.empty() && !seen.insert(id).second) continue;
    probed.value.push_back(read_disk(root, name, probed.problems));
  }
  return probed;
}

std::vector<Disk> storage_from_topology(const Topology& topology) {
  std::vector<Disk> disks;
  for (const auto& device : topology.os_devices) {
    if (device.kind != OsDevice::Kind::kBlock || is_left_out(device.name) || !device.pci) continue;
    if (!device.type.empty() && device.type != "Disk") continue;
    const Media media = device.name.starts_with("nvme") ? Media::kNvme : Media::kUnknown;
    disks.push_back({device.name, {.media = media, .model = single_spaced(device.model), .bytes = device.bytes, .count = 1}, {}});
  }
  return disks;
}

}  // namespace capmap
