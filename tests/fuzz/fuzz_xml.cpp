// Values of an hwloc topology into what reads hwloc: each line of the input is the next value of a topology of four processors, three PCI
// devices and a device of the system under each. hwloc's own reader of XML is not what is tested: the file around the values is well
// formed.
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "tests/fuzz/input_folder.hpp"
#include "tests/fuzz/machine_laws.hpp"

using namespace capmap;

namespace {

/// Writes a topology; values come from the input until there is none left, then the given ones stand.
class Writer {
 public:
  explicit Writer(std::string_view values) : values_(values) {}

  std::string topology() {
    xml_ = R"(<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE topology SYSTEM "hwloc2.dtd">
<topology version="2.0">
<object type="Machine" os_index="0" cpuset="0xf" complete_cpuset="0xf" allowed_cpuset="0xf" nodeset="0x1" complete_nodeset="0x1" )";
    xml_ += "allowed_nodeset=\"0x1\" gp_index=\"1\">\n";
    infos({"Backend", "Architecture", "HostName", "OSName", "OSRelease", "DMISysVendor", "DMIProductName"});
    open("Package", 2, "0xf", " os_index=\"0\"");
    infos({"CPUVendor", "CPUModel", "CPUFamilyNumber", "CPUModelNumber", "CPUStepping"});
    open("NUMANode", 3, "0xf", " os_index=\"0\" local_memory=\"" + value("1073741824") + "\" subtype=\"" + value("") + "\"");
    infos({"DAXType"});
    xml_ += "</object>\n";
    const std::array<const char*, 4> sets = {"0x1", "0x2", "0x4", "0x8"};
    for (std::size_t i = 0; i < sets.size(); ++i) {
      const auto number = std::to_string(i);
      open("L2Cache", 10 + 3 * i, sets[i], " cache_size=\"" + value("1048576") + "\" depth=\"2\" cache_linesize=\"64\" cache_type=\"0\"");
      open("Core", 11 + 3 * i, sets[i], " os_index=\"" + number + "\"");
      open("PU", 12 + 3 * i, sets[i], " os_index=\"" + number + "\"");
      xml_ += "</object></object></object>\n";
    }
    xml_ += "</object>\n<object type=\"Bridge\" gp_index=\"30\" bridge_type=\"0-1\" depth=\"0\" bridge_pci=\"0000:[00-ff]\">\n";
    device(31, "0000:17:00.0", "0302 [10de:2330] [10de:16c1] a1");
    device(33, "0000:41:00.0", "0108 [144d:a80a] [144d:a801] 00");
    device(35, "0000:c1:00.0", "0200 [15b3:101b] [15b3:0007] 00");
    xml_ += "</object>\n</object>\n";
    for (const char* set : {"0x3", "0xc"}) {
      xml_ += std::string("<cpukind cpuset=\"") + set + "\">\n";
      infos({"CoreType", "LinuxCapacity", "FrequencyBaseMHz", "FrequencyMaxMHz"});
      xml_ += "</cpukind>\n";
    }
    return xml_ + "</topology>\n";
  }

 private:
  /// The next value: printable characters, those that mean something to XML escaped.
  std::string value(std::string_view otherwise) {
    const auto line = values_.empty() ? otherwise : take_line(values_);
    std::string text;
    for (const char c : line.substr(0, 256)) {
      if (c == '"' || c == '<' || c == '&') {
        text += c == '"' ? "&quot;" : c == '<' ? "&lt;" : "&amp;";
      } else if (static_cast<unsigned char>(c) >= 0x20) {
        text += c;
      }
    }
    return text;
  }
  void infos(std::initializer_list<const char*> names) {
    for (const char* name : names) xml_ += std::string("<info name=\"") + name + "\" value=\"" + value("") + "\"/>\n";
  }
  void open(const char* type, std::size_t number, const char* cpuset, const std::string& more) {
    xml_ += std::string("<object type=\"") + type + "\" cpuset=\"" + cpuset + "\" complete_cpuset=\"" + cpuset +
            "\" nodeset=\"0x1\" complete_nodeset=\"0x1\" gp_index=\"" + std::to_string(number) + "\"" + more + ">\n";
  }
  void device(std::size_t number, const char* address, const char* type) {
    xml_ += "<object type=\"PCIDev\" gp_index=\"" + std::to_string(number) + "\" pci_busid=\"" + value(address) + "\" pci_type=\"" +
            value(type) + "\" pci_link_speed=\"0.0\">\n";
    const auto kind = value("0");
    const char digit = kind.empty() ? '0' : static_cast<char>('0' + static_cast<unsigned char>(kind[0]) % 6);
    xml_ += "<object type=\"OSDev\" gp_index=\"" + std::to_string(number + 1) + "\" name=\"" + value("sda") + "\" subtype=\"" +
            value("Disk") + "\" osdev_type=\"" + digit + "\">\n";
    infos({"Size", "Model", "Address", "Port1State", "NodeGUID", "AMDSerial", "SectorSize"});
    xml_ += "</object>\n</object>\n";
  }

  std::string_view values_;
  std::string xml_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::InputFolder folder;
  const auto file = folder.put("topology.xml", Writer(fuzz::text_of(data, size)).topology());
  const auto machine = read_machine({.root = "/", .hwloc_xml = file, .known_devices = {}, .reads = nullptr}, &fuzz::chips());
  if (machine) fuzz::check_machine(*machine);
  if (!machine) check(!machine.error().what.empty(), "refused without a reason");
  return 0;
}
