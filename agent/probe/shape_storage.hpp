#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "agent/probe/disk_health.hpp"
#include "agent/probe/topology.hpp"
#include "agent/probe/words.hpp"
#include "common/host_root.hpp"

namespace capmap {

struct Disk {
  std::string name;  ///< the kernel's: "nvme0n1"
  DiskShape shape;   ///< count 1
  DiskHealth health{};
};

/// Physical block devices, each once: [disk], ordered by name.
///
/// Source:   sys/block; a device counts when it is not virtual or has a `device` link. Left out: loop, ram, zram, device mapper, md,
///           optical and floppy drives, removable media, boot areas of flash chips, hidden NVMe paths, a second path to the same disk
///           (equal wwid, or slaves of one multipath device).
/// Media:    NVMe by name and transport (PCIe; fabrics are remote), iSCSI and Fibre Channel are remote, else by queue/rotational.
///           A guest's disk (virtio, Xen, a hypervisor's SCSI or NVMe model) is kUnknown: what lies behind it is not told, and
///           its rotational flag is a default, not a reading.
/// Problems: sys/block or a size not readable.
/// Thread:   any. Cost: some ten small files a device.
Probed<std::vector<Disk>> read_storage_shape(const HostRoot& root);

/// The same from an XML topology alone.
std::vector<Disk> storage_from_topology(const Topology& topology);

/// True for models that a hypervisor or cloud gives its virtual disks.
bool is_virtual_disk_model(std::string_view vendor, std::string_view model);

}  // namespace capmap
