#include "agent/probe/shape_network.hpp"

#include <array>
#include <catch2/catch.hpp>

#include "agent/probe/nic_modes.hpp"
#include "tests/support/fake_host.hpp"

using namespace capmap;
using capmap::test::FakeHost;

namespace {

std::vector<RdmaPort> ports_of(const FakeHost& host) {
  std::vector<Problem> problems;
  return read_rdma_ports(host.root(), problems);
}

void link(const FakeHost& host, const std::string& name, const std::string& target) {
  const auto path = std::filesystem::path(host.path()) / name;
  std::filesystem::create_directories(path.parent_path());
  std::filesystem::create_symlink(target, path);
}

/// Puts a port at a PCI address, with the links the kernel makes.
void put_port(const FakeHost& host, const std::string& name, const std::string& address, const char* type, const char* speed) {
  const std::string device = "sys/devices/pci0000:00/" + address;
  host.put(device + "/vendor", "0x15b3\n");
  host.put(device + "/device", "0x101d\n");
  host.put(device + "/net/" + name + "/type", type);
  if (*speed) host.put(device + "/net/" + name + "/speed", speed);
  link(host, device + "/net/" + name + "/device", "../../../" + address);
  link(host, "sys/class/net/" + name, "../../devices/pci0000:00/" + address + "/net/" + name);
  if (!host.root().exists("sys/bus/pci/devices/" + address))
    link(host, "sys/bus/pci/devices/" + address, "../../../devices/pci0000:00/" + address);
}

void put_rdma(const FakeHost& host, const std::string& name, const std::string& address, const char* layer, const char* rate) {
  const std::string device = "sys/devices/pci0000:00/" + address;
  host.put(device + "/infiniband/" + name + "/ports/1/link_layer", layer);
  host.put(device + "/infiniband/" + name + "/ports/1/phys_state", "5: LinkUp\n");
  host.put(device + "/infiniband/" + name + "/ports/1/rate", rate);
  link(host, "sys/class/infiniband/" + name, "../../devices/pci0000:00/" + address + "/infiniband/" + name);
}

}  // namespace

TEST_CASE("network shape: a hypervisor's port and the virtual function that carries its frames are one NIC under the port's name") {
  const FakeHost host;
  const std::string vmbus = "sys/devices/LNXSYSTM:00/VMBUS:01/000d3a01/net/eth0";
  host.put(vmbus + "/type", "1\n");
  host.put(vmbus + "/speed", "-1\n");
  host.put_folder("sys/bus/vmbus/drivers/hv_netvsc");
  link(host, "sys/devices/LNXSYSTM:00/VMBUS:01/000d3a01/driver", "../../../../bus/vmbus/drivers/hv_netvsc");
  link(host, vmbus + "/device", "../../../000d3a01");
  link(host, "sys/class/net/eth0", "../../devices/LNXSYSTM:00/VMBUS:01/000d3a01/net/eth0");
  const auto alone = read_network_shape(host.root()).value;
  REQUIRE(alone.size() == 1);
  CHECK(alone[0].shape == NicShape{.type = NicType::kEthernet, .speed_mbps = {}, .rdma = false, .count = 1});

  put_port(host, "enP1s1", "0001:00:02.0", "1\n", "50000\n");
  put_rdma(host, "mlx5_0", "0001:00:02.0", "Ethernet\n", "50 Gb/sec (2X HDR)\n");
  link(host, "sys/devices/pci0000:00/0001:00:02.0/net/enP1s1/master", "../../../../LNXSYSTM:00/VMBUS:01/000d3a01/net/eth0");
  const auto both = read_network_shape(host.root()).value;
  REQUIRE(both.size() == 1);
  CHECK(both[0].name == "eth0");
  CHECK(both[0].driver == "hv_netvsc");
  CHECK(both[0].shape == NicShape{.type = NicType::kRoce, .speed_mbps = 50'000, .rdma = true, .count = 1});
}

TEST_CASE("network shape: a port's present speed stands for its highest, and a problem line says so") {
  const FakeHost host;
  put_port(host, "ens1f0", "0000:41:00.0", "1\n", "25000\n");
  put_port(host, "ens1f1", "0000:41:00.1", "1\n", "-1\n");
  const auto network = read_network_shape(host.root());
  REQUIRE(network.value.size() == 2);
  CHECK(network.value[0].shape ==
        NicShape{.type = NicType::kEthernet, .vendor_id = 0x15b3, .device_id = 0x101d, .speed_mbps = 25'000, .rdma = false, .count = 1});
  CHECK_FALSE(network.value[1].shape.speed_mbps.has_value());
  REQUIRE(network.problems.size() == 1);
  CHECK(network.problems[0].what == "speed is the link's present one, the highest is not told: ens1f0");
}

TEST_CASE("network shape: what is no physical port of this host is left out") {
  const FakeHost host;
  host.put("sys/class/net/lo/type", "772\n");
  host.put("sys/class/net/br0/speed", "10000\n");
  host.put_folder("sys/devices/pci0000:00/0000:41:00.0");
  put_port(host, "vf0", "0000:41:00.2", "1\n", "25000\n");
  link(host, "sys/devices/pci0000:00/0000:41:00.2/physfn", "../0000:41:00.0");
  put_port(host, "pf0vf1", "0000:42:00.0", "1\n", "");
  host.put("sys/devices/pci0000:00/0000:42:00.0/net/pf0vf1/phys_port_name", "pf0vf1\n");
  put_port(host, "wlan0", "0000:43:00.0", "1\n", "");
  host.put_folder("sys/devices/pci0000:00/0000:43:00.0/net/wlan0/wireless");
  put_port(host, "usb0", "0000:44:00.0", "1\n", "425\n");
  link(host, "sys/devices/pci0000:00/0000:44:00.0/driver", "../../bus/usb/drivers/cdc_ether");
  CHECK(read_network_shape(host.root()).value.empty());
}

TEST_CASE("network shape: RDMA of link layer Ethernet makes RoCE, of InfiniBand an InfiniBand port with or without a net device") {
  const FakeHost host;
  put_port(host, "ens1", "0000:41:00.0", "1\n", "100000\n");
  put_rdma(host, "mlx5_0", "0000:41:00.0", "Ethernet\n", "100 Gb/sec (4X EDR)\n");
  put_port(host, "ib0", "0000:42:00.0", "32\n", "");
  put_rdma(host, "mlx5_1", "0000:42:00.0", "InfiniBand\n", "400 Gb/sec (4X NDR)\n");
  put_rdma(host, "mlx5_2", "0000:43:00.0", "InfiniBand\n", "200 Gb/sec (4X HDR)\n");
  const auto nics = read_network_shape(host.root()).value;
  REQUIRE(nics.size() == 3);
  CHECK(nics[0].name == "ens1");
  CHECK(nics[0].shape.type == NicType::kRoce);
  CHECK(nics[0].shape.rdma);
  CHECK(nics[1].name == "ib0");
  CHECK(nics[1].shape.type == NicType::kInfiniband);
  CHECK(nics[1].shape.speed_mbps == 400'000U);
  CHECK(nics[2].name == "mlx5_2");
  CHECK(nics[2].shape.type == NicType::kInfiniband);
  CHECK(nics[2].shape.speed_mbps == 200'000U);
}

TEST_CASE("network shape: a virtio port has the ids of its PCI device and no speed") {
  const FakeHost host;
  host.put("sys/bus/pci/devices/0000:00:03.0/vendor", "0x1af4\n");
  host.put("sys/bus/pci/devices/0000:00:03.0/device", "0x1041\n");
  const std::string device = "sys/devices/pci0000:00/0000:00:03.0/virtio2";
  host.put(device + "/net/eth0/type", "1\n");
  host.put(device + "/net/eth0/speed", "10000\n");
  link(host, device + "/net/eth0/device", "../../../virtio2");
  link(host, device + "/driver", "../../../../bus/virtio/drivers/virtio_net");
  link(host, "sys/class/net/eth0", "../../devices/pci0000:00/0000:00:03.0/virtio2/net/eth0");
  const auto network = read_network_shape(host.root());
  REQUIRE(network.value.size() == 1);
  CHECK(network.value[0].shape.device_id == 0x1041);
  CHECK_FALSE(network.value[0].shape.speed_mbps.has_value());
  CHECK(network.problems.empty());
}

TEST_CASE("network shape: InfiniBand rates are read in Gb/s, with or without a fraction") {
  CHECK(parse_infiniband_rate("400 Gb/sec (4X NDR)") == 400'000U);
  CHECK(parse_infiniband_rate("2.5 Gb/sec (1X SDR)") == 2'500U);
  for (const char* text : {"", "400", "400 Mb/sec", "0 Gb/sec", "x Gb/sec", "4294967295999 Gb/sec", "100000.1 Gb/sec", "1. Gb/sec"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_infiniband_rate(text).has_value());
  }
}

TEST_CASE("network shape: the last PCI address of a path is the device's own, whatever the length of its domain") {
  CHECK(last_pci_address("../../devices/pci0000:00/0000:00:1c.0/0000:3b:00.1/net/eth0") == "0000:3b:00.1");
  CHECK(last_pci_address("../../devices/pci0000:00/0000:00:03.0/virtio2/net/eth0") == "0000:00:03.0");
  CHECK(last_pci_address("/sys/devices/pci10000:00/10000:01:00.0/nvme/nvme0") == "10000:01:00.0");
  CHECK(last_pci_address("../../devices/virtual/net/lo").empty());
  CHECK(last_pci_address("").empty());
}

TEST_CASE("link modes: the fastest supported mode is the port's speed") {
  std::array<std::uint32_t, 4> modes{};
  CHECK_FALSE(highest_mbps_of(modes).has_value());
  modes[0] = 1U << 5;  // 1000baseT/Full
  CHECK(highest_mbps_of(modes) == 1'000U);
  modes[0] |= 1U << 31;  // 25000baseCR/Full
  CHECK(highest_mbps_of(modes) == 25'000U);
  modes[1] = 1U << (38 - 32);  // 100000baseCR4/Full
  CHECK(highest_mbps_of(modes) == 100'000U);
  modes[2] = 1U << (85 - 64);  // 400000baseKR4/Full
  CHECK(highest_mbps_of(modes) == 400'000U);
  CHECK(highest_mbps_of(std::span(modes).first(1)) == 25'000U);
}

TEST_CASE("network shape: a port says whether it has a link and which driver carries it, and a radio is no port") {
  const FakeHost host;
  put_port(host, "ens1f0", "0000:41:00.0", "1\n", "25000\n");
  put_port(host, "ens1f1", "0000:41:00.1", "1\n", "");
  put_port(host, "wwan0", "0000:42:00.0", "65534\n", "");
  host.put("sys/class/net/ens1f0/carrier", "1\n");
  host.put("sys/class/net/ens1f1/carrier", "18446744073709551615\n");
  host.put("sys/class/net/wwan0/uevent", "DEVTYPE=wwan\nINTERFACE=wwan0\n");
  link(host, "sys/devices/pci0000:00/0000:41:00.0/driver", "../../../bus/pci/drivers/mlx5_core");
  const auto network = read_network_shape(host.root());
  REQUIRE(network.value.size() == 2);
  CHECK(network.value[0].link == true);
  CHECK(network.value[0].driver == "mlx5_core");
  CHECK_FALSE(network.value[1].link.has_value());
}

TEST_CASE("network shape: InfiniBand ports of unknown place are ports of their own with their rates") {
  const FakeHost host;
  for (const char* name : {"mlx5_0", "mlx5_1"}) {
    const std::string port = std::string("sys/class/infiniband/") + name + "/ports/1/";
    host.put(port + "link_layer", "InfiniBand\n");
    host.put(port + "state", "4: ACTIVE\n");
    host.put(port + "rate", "400 Gb/sec (4X NDR)\n");
  }
  const auto network = read_network_shape(host.root());
  REQUIRE(network.value.size() == 2);
  CHECK(network.value[0].shape.speed_mbps == 400'000U);
  CHECK(network.value[1].shape.type == NicType::kInfiniband);
}

TEST_CASE("network shape: each port of a card with two has its own rate and type, told by its interface's port number") {
  const FakeHost host;
  put_port(host, "ens1", "0000:41:00.0", "1\n", "");
  put_port(host, "ens1d1", "0000:41:00.0", "1\n", "");
  host.put("sys/class/net/ens1/dev_port", "1\n");
  host.put("sys/class/net/ens1d1/dev_port", "0\n");
  put_rdma(host, "mlx4_0", "0000:41:00.0", "Ethernet\n", "40 Gb/sec (4X QDR)\n");
  const std::string second = "sys/class/infiniband/mlx4_0/ports/2/";
  host.put(second + "link_layer", "Ethernet\n");
  host.put(second + "state", "4: ACTIVE\n");
  host.put(second + "phys_state", "5: LinkUp\n");
  host.put(second + "rate", "10 Gb/sec (4X SDR)\n");
  const auto nics = read_network_shape(host.root()).value;
  REQUIRE(nics.size() == 2);
  CHECK(nics[0].shape.speed_mbps == 10'000U);
  CHECK(nics[1].shape.speed_mbps == 40'000U);
  CHECK(nics[1].shape.type == NicType::kRoce);
  const auto ports = ports_of(host);
  REQUIRE(ports.size() == 2);
  CHECK(ports[0].netdev == "ens1d1");
  CHECK(ports[1].netdev == "ens1");
  CHECK(ports[1].number == 2);
  CHECK(ports[1].state == "ACTIVE");
  CHECK(ports[1].phys_state == "LinkUp");
}

TEST_CASE("network shape: a card with an InfiniBand and an Ethernet port is two ports, the one without interface with its own link") {
  const FakeHost host;
  put_port(host, "ens1", "0000:41:00.0", "1\n", "40000\n");
  put_rdma(host, "mlx4_0", "0000:41:00.0", "InfiniBand\n", "56 Gb/sec (4X FDR)\n");
  host.put("sys/class/infiniband/mlx4_0/ports/2/link_layer", "Ethernet\n");
  host.put("sys/class/infiniband/mlx4_0/ports/2/state", "1: DOWN\n");
  host.put("sys/class/infiniband/mlx4_0/ports/2/rate", "10 Gb/sec (4X)\n");
  const auto nics = read_network_shape(host.root()).value;
  REQUIRE(nics.size() == 2);
  CHECK(nics[0].name == "ens1");
  CHECK(nics[0].shape.type == NicType::kRoce);
  CHECK(nics[0].shape.speed_mbps == 40'000U);
  CHECK(nics[1].name == "mlx4_0");
  CHECK(nics[1].shape.type == NicType::kInfiniband);
  CHECK(nics[1].shape.speed_mbps == 56'000U);
  CHECK(nics[1].link == true);
  const auto ports = ports_of(host);
  REQUIRE(ports.size() == 2);
  CHECK_FALSE(ports[1].present_mbps);  // a rate without a link is a default
  CHECK(ports[1].link() == false);
}

TEST_CASE("network shape: what the GID table names is a port's interface, and a second InfiniBand port without one is counted") {
  const FakeHost host;
  put_port(host, "ib0", "0000:41:00.0", "32\n", "");
  put_rdma(host, "mlx4_0", "0000:41:00.0", "InfiniBand\n", "40 Gb/sec (4X QDR)\n");
  const std::string second = "sys/class/infiniband/mlx4_0/ports/2/";
  host.put(second + "link_layer", "InfiniBand\n");
  host.put(second + "phys_state", "2: Polling\n");
  host.put(second + "gid_attrs/ndevs/0", "ib0\n");
  const auto nics = read_network_shape(host.root()).value;
  REQUIRE(nics.size() == 2);
  CHECK(nics[0].name == "ib0");
  CHECK_FALSE(nics[0].shape.speed_mbps);
  CHECK(nics[1].name == "mlx4_0");
  CHECK(nics[1].shape.speed_mbps == 40'000U);
}

TEST_CASE("network shape: a virtual function is a port in the guest that has it and none on its host, nor is a scalable function") {
  const FakeHost host;
  put_port(host, "ens1", "0000:41:00.0", "1\n", "25000\n");
  put_port(host, "ens1v0", "0000:41:00.2", "1\n", "25000\n");
  put_rdma(host, "mlx5_0", "0000:41:00.0", "Ethernet\n", "25 Gb/sec (1X EDR)\n");
  put_rdma(host, "mlx5_2", "0000:41:00.2", "Ethernet\n", "25 Gb/sec (1X EDR)\n");
  link(host, "sys/devices/pci0000:00/0000:41:00.2/infiniband/mlx5_2/device", "../../../0000:41:00.2");
  put_port(host, "sf0", "0000:42:00.0", "1\n", "25000\n");
  host.put("sys/devices/pci0000:00/0000:42:00.0/sfnum", "88\n");
  CHECK(read_network_shape(host.root()).value.size() == 2);  // as the guest sees it: no link to a parent
  link(host, "sys/devices/pci0000:00/0000:41:00.2/physfn", "../0000:41:00.0");
  const auto nics = read_network_shape(host.root()).value;
  REQUIRE(nics.size() == 1);
  CHECK(nics[0].name == "ens1");
  CHECK(ports_of(host).size() == 1);
}

TEST_CASE("network shape: interfaces that no device carries are no ports, whatever they are called") {
  const FakeHost host;
  for (const char* name : {"bond0", "br0", "veth1", "tun0", "eth0.100", "macvlan0", "dummy0", "ipvl0", "wg0", "vxlan1"}) {
    host.put(std::string("sys/devices/virtual/net/") + name + "/type", "1\n");
    host.put(std::string("sys/devices/virtual/net/") + name + "/speed", "10000\n");
    link(host, std::string("sys/class/net/") + name, std::string("../../devices/virtual/net/") + name);
  }
  CHECK(read_network_shape(host.root()).value.empty());
}

TEST_CASE("network from a topology: the PCI class tells InfiniBand and Ethernet before a name does, and a radio is no port") {
  Topology topology;
  const auto put = [&topology](const char* name, std::uint16_t pci_class) {
    PciDevice pci{
        .address = std::string("0000:0") + std::to_string(topology.os_devices.size()) + ":00.0", .class_code = pci_class, .numa_node = {}};
    topology.os_devices.push_back({.kind = OsDevice::Kind::kNetwork, .name = name, .model = {}, .type = {}, .bytes = {}, .pci = pci});
  };
  put("a_renamed", 0x0207);
  put("b_eth0", 0x0200);
  put("ib2", 0x0280);
  put("ibs3", 0x0200);
  put("wlp4s0", 0x0280);
  const auto nics = network_from_topology(topology);
  REQUIRE(nics.size() == 4);
  CHECK(nics[0].shape.type == NicType::kInfiniband);
  CHECK(nics[1].shape.type == NicType::kEthernet);
  CHECK(nics[2].shape.type == NicType::kInfiniband);
  CHECK(nics[3].shape.type == NicType::kEthernet);
}
