#include "agent/probe/pci_ids.hpp"

#include <catch2/catch.hpp>

#include "tests/support/fake_host.hpp"

namespace capmap {
namespace {

constexpr const char* kList =
    "# a list\n"
    "10dd  Another vendor\n"
    "\t2204  not this one\n"
    "10de  NVIDIA Corporation\n"
    "# a remark inside\n"
    "\t2203  GA102 [GeForce RTX 3090 Ti]\n"
    "\t\t2204 1234  a board\n"
    "\t2204  GA102 [GeForce RTX 3090] \r\n"
    "\t2205\n"
    "10df  A third\n"
    "\t2206  neither\n"
    "C 03  Display controller\n";

TEST_CASE("pci ids: a device is found under its own vendor, and what is not listed has no name") {
  CHECK(name_in_pci_ids(kList, 0x10de, 0x2204) == "GA102 [GeForce RTX 3090]");
  CHECK(name_in_pci_ids(kList, 0x10dd, 0x2204) == "not this one");
  CHECK_FALSE(name_in_pci_ids(kList, 0x10de, 0x1234));
  CHECK_FALSE(name_in_pci_ids(kList, 0x10de, 0x2205));
  CHECK_FALSE(name_in_pci_ids(kList, 0x10de, 0x2206));
  CHECK_FALSE(name_in_pci_ids("", 0x10de, 0x2204));
  CHECK_FALSE(name_in_pci_ids("10de  NVIDIA\n\t2204", 0x10de, 0x2204));
}

TEST_CASE("pci ids: the list names only what has no name, and never enters the shape") {
  const test::FakeHost host;
  host.put("usr/share/hwdata/pci.ids", kList);
  std::vector<Accelerator> cards(3);
  for (auto& card : cards) card.shape.vendor_id = 0x10de;
  cards[0].shape.device_id = cards[1].shape.device_id = 0x2204;
  cards[1].model = "our own name";
  cards[2].shape.device_id = 0x9999;
  const auto shape = cards[0].shape;
  name_from_pci_ids(host.root(), cards);
  CHECK(cards[0].model == "GA102 [GeForce RTX 3090]");
  CHECK(cards[1].model == "our own name");
  CHECK(cards[2].model.empty());
  CHECK(cards[0].shape == shape);
  host.put("usr/share/misc/pci.ids", "10de  NVIDIA\n\t9999  the first place wins\n");
  name_from_pci_ids(host.root(), cards);
  CHECK(cards[2].model == "the first place wins");
}

}  // namespace
}  // namespace capmap
