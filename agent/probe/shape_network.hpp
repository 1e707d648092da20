#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/probe/rdma_ports.hpp"
#include "agent/probe/topology.hpp"
#include "agent/probe/words.hpp"
#include "common/host_root.hpp"

namespace capmap {

struct Nic {
  std::string name;          ///< the kernel's: "ens1f0"; of InfiniBand ports without a network device the port's: "mlx5_0", "mlx5_0/2"
  NicShape shape;            ///< count 1
  std::optional<bool> link;  ///< whether a cable's other end answers now; absent = not told
  std::string driver;        ///< the kernel's module; empty = unknown
};

/// Physical network ports, each once: [nic], ordered by name.
///
/// Source:   sys/class/net entries that are not virtual; sys/class/infiniband; on the running machine the kernel's list of supported
///           link modes. Left out: bridges, bonds, VLANs, virtual functions on their own host, those that carry another port's
///           frames (port_above), switch representors, radio (wlan, wwan), and
///           the USB link of a management controller.
/// Speed:    the highest supported mode; where that is not told, the link's present speed, and a problem line says so; a virtio port and
///           a port without a link have none.
/// Type:     InfiniBand by hardware type; RoCE when an RDMA port of link layer Ethernet is the same port. An InfiniBand port that no
///           network interface speaks for is one of its own.
/// Problems: sys/class/net not readable; speeds that cannot be; ports whose present speed stands for the highest.
/// Thread:   any. Cost: some ten small files and one system call a port.
Probed<std::vector<Nic>> read_network_shape(const HostRoot& root);

/// The same from an XML topology alone: type by PCI class (0x0207, 0x0200), else by the interface's name.
std::vector<Nic> network_from_topology(const Topology& topology);

}  // namespace capmap
