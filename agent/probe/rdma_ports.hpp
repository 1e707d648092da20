#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/hardware.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// A port of an RDMA device: InfiniBand, RoCE or iWARP.
struct RdmaPort {
  std::string device;                         ///< "mlx5_0"
  std::uint32_t number = 1;                   ///< of the port on its device, from 1
  std::string link_layer;                     ///< "InfiniBand", "Ethernet"; empty = not told
  std::optional<std::uint32_t> present_mbps;  ///< rate of the link; absent while there is none
  std::string state, phys_state;              ///< "ACTIVE", "LinkUp"; empty = not told
  std::string netdev;                         ///< the network interface that is the same port; empty = none, or not told
  std::string address;                        ///< PCI address of the device; empty = unknown

  [[nodiscard]] bool ethernet() const { return link_layer == "Ethernet"; }
  /// Whether the link is up; absent = not told.
  [[nodiscard]] std::optional<bool> link() const;
};

/// Ports of physical RDMA devices: [port], by device and number; at most 1,024. Virtual functions on their own host and scalable functions
/// are left out.
///
/// Source:   <root>/sys/class/infiniband. `netdev`: what the port's GID table names, else the interface of the same PCI device whose
///           dev_port is the port's number less one, else the next one of that device that fits the link layer.
/// Problems: rates that are none.
/// Thread:   any. Cost: some six small files a port.
std::vector<RdmaPort> read_rdma_ports(const HostRoot& root, std::vector<Problem>& problems);

/// "400 Gb/sec (4X NDR)" -> 400000. Absent for text of another form.
std::optional<std::uint32_t> parse_infiniband_rate(std::string_view text);
/// Last PCI address in a device path: "../../devices/pci0000:00/0000:00:03.0/virtio2/net/eth0" -> "0000:00:03.0"; empty when none.
std::string last_pci_address(std::string_view path);

}  // namespace capmap
