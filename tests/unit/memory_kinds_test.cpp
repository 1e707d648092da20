#include "agent/probe/memory_kinds.hpp"

#include <catch2/catch.hpp>

#include "tests/support/fake_host.hpp"

using namespace capmap;
using capmap::test::FakeHost;

namespace {

void link(const FakeHost& host, const std::string& name, const std::string& target) {
  const auto path = std::filesystem::path(host.path()) / name;
  std::filesystem::create_directories(path.parent_path());
  std::filesystem::create_symlink(target, path);
}

/// A device of memory below sys/devices at `place`, whose memory is the node's where kmem drives it.
void put_device(const FakeHost& host, const std::string& place, const std::string& name, unsigned node, const char* driver = "kmem") {
  host.put("sys/devices/" + place + "/" + name + "/target_node", std::to_string(node) + "\n");
  host.put_folder(std::string("sys/bus/dax/drivers/") + driver + "/" + name);
  link(host, "sys/bus/dax/devices/" + name, "../../../devices/" + place + "/" + name);
}

void put_node(const FakeHost& host, unsigned node, const char* cpus, const char* read_mbs) {
  const auto folder = "sys/devices/system/node/node" + std::to_string(node);
  host.put(folder + "/cpulist", cpus);
  if (*read_mbs) host.put(folder + "/access0/initiators/read_bandwidth", read_mbs);
}

std::vector<NumaNode> nodes_of(unsigned count, const char* kind) {
  std::vector<NumaNode> nodes;
  for (unsigned i = 0; i < count; ++i) nodes.push_back({.number = i, .bytes = 1'000, .kind = i == 0 ? "dram" : kind});
  return nodes;
}

std::string kind_of_second(const FakeHost& host, const char* before) {
  auto nodes = nodes_of(2, before);
  correct_memory_kinds(host.root(), nodes);
  CHECK(nodes[0].kind == "dram");
  return nodes[1].kind;
}

}  // namespace

TEST_CASE("memory kinds: a node that a CXL region brought in is CXL, whether it was taken for DRAM or for HBM") {
  const FakeHost host;
  put_device(host, "platform/ACPI0017:00/root0/decoder0.0/region0/dax_region0", "dax0.0", 1);
  CHECK(kind_of_second(host, "dram") == "cxl");
  CHECK(kind_of_second(host, "hbm") == "cxl");
}

TEST_CASE("memory kinds: a node of an NVDIMM bus is persistent memory") {
  const FakeHost host;
  put_device(host, "LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0/region0/dax0.1", "dax0.0", 1);
  CHECK(kind_of_second(host, "dram") == "nvm");
}

TEST_CASE("memory kinds: memory that firmware set aside is HBM only where it is known to be much faster than DRAM") {
  const FakeHost host;
  put_device(host, "platform/hmem.0", "dax0.0", 1);
  CHECK(kind_of_second(host, "hbm") == "unknown");
  put_node(host, 0, "0-31\n", "200000\n");
  put_node(host, 1, "\n", "800000\n");
  CHECK(kind_of_second(host, "dram") == "hbm");
  put_node(host, 1, "\n", "60000\n");
  CHECK(kind_of_second(host, "hbm") == "unknown");
  put_node(host, 1, "\n", "18446744073709551615\n");
  CHECK(kind_of_second(host, "hbm") == "unknown");
}

TEST_CASE("memory kinds: a device that is no node's memory, an accelerator's node and a node with processors change nothing") {
  const FakeHost host;
  put_device(host, "platform/ACPI0017:00/root0/decoder0.0/region0/dax_region0", "dax0.0", 1, "device_dax");
  CHECK(kind_of_second(host, "dram") == "dram");
  put_device(host, "platform/ACPI0017:00/root0/decoder0.1/region1/dax_region1", "dax1.0", 1);
  CHECK(kind_of_second(host, "gpu") == "gpu");
  put_node(host, 1, "32-63\n", "");
  CHECK(kind_of_second(host, "dram") == "dram");
  host.put("sys/devices/platform/hmem.7/dax7.0/target_node", "-1\n");
  link(host, "sys/bus/dax/devices/dax7.0", "../../../devices/platform/hmem.7/dax7.0");
  CHECK(kind_of_second(host, "dram") == "dram");
}

TEST_CASE("memory kinds: sums are by kind, and one node of unknown size leaves its kind unknown") {
  std::vector<NumaNode> nodes = {{.number = 0, .bytes = 100, .kind = "dram"},
                                 {.number = 1, .bytes = 100, .kind = "dram"},
                                 {.number = 2, .bytes = 7, .kind = "cxl"},
                                 {.number = 3, .bytes = {}, .kind = "hbm"},
                                 {.number = 4, .bytes = 9, .kind = "hbm"}};
  const auto sums = bytes_by_kind(nodes);
  CHECK(sums.at("dram") == 200U);
  CHECK(sums.at("cxl") == 7U);
  CHECK_FALSE(sums.at("hbm"));
  CHECK(bytes_by_kind({}).empty());
}
