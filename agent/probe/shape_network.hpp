#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/probe/topology.hpp"
#include "agent/probe/words.hpp"
#include "common/host_root.hpp"

namespace capmap {

struct Nic {
  std::string name;          ///< the kernel's: "ens1f0"; of InfiniBand ports without a network device the port's: "mlx5_0"
  NicShape shape;            ///< count 1
  std::optional<bool> link;  ///< whether a cable's other end answers now; absent = not told
  std::string driver;        ///< the kernel's module; empty = unknown
};

/// Physical network ports, each once: [nic], ordered by name.
///
/// Source:   sys/class/net entries that are not virtual; sys/class/infiniband; on the running machine the kernel's list of supported
///           link modes. Left out: bridges, bonds, VLANs, virtual functions on their own host, switch representors, radio (wlan, wwan), and
///           the USB link of a management controller.
/// Speed:    the highest supported mode; where that is not told, the link's present speed, and a problem line says so; a virtio port and
///           a port without a link have none.
/// Type:     InfiniBand by hardware type; RoCE when an RDMA device of link layer Ethernet hangs at the same port.
/// Problems: sys/class/net not readable; speeds that cannot be; ports whose present speed stands for the highest.
/// Thread:   any. Cost: some ten small files and one system call a port.
Probed<std::vector<Nic>> read_network_shape(const HostRoot& root);

/// The same from an XML topology alone.
std::vector<Nic> network_from_topology(const Topology& topology);

/// "400 Gb/sec (4X NDR)" -> 400000. Absent for text of another form.
std::optional<std::uint32_t> parse_infiniband_rate(std::string_view text);
/// Last PCI address in a device path: "../../devices/pci0000:00/0000:00:03.0/virtio2/net/eth0" -> "0000:00:03.0"; empty when none.
std::string last_pci_address(std::string_view path);

}  // namespace capmap
