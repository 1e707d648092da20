#pragma once
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/probe/machine.hpp"
#include "agent/probe/plausible.hpp"
#include "agent/probe/report.hpp"
#include "agent/probe_frames.hpp"
#include "common/check.hpp"
#include "common/chip_table.hpp"
#include "common/codec.hpp"
#include "common/shape.hpp"

namespace capmap::fuzz {

/// The chip table of this checkout, read once.
inline const ChipTable& chips() {
  static const auto table = ChipTable::load((std::filesystem::path(__FILE__).parent_path() / "../../schemas/catalog").string());
  check(table.ok(), "the chip table cannot be read");
  return *table;
}

inline void check_figures(const Machine& machine) {
  const auto known = [](const auto& value, std::uint64_t most) { return !value || (*value > 0 && *value <= most); };
  const auto& shape = machine.shape;
  check(known(shape.memory_bytes, kMostMemoryBytes) && known(machine.memory_total_bytes, kMostMemoryBytes), "memory that no server has");
  check(known(shape.cpu.packages, UINT32_MAX) && known(shape.cpu.cores, UINT32_MAX) && known(shape.cpu.pus, UINT32_MAX),
        "none where unknown is meant");
  for (const auto& kind : shape.cpu.core_kinds) {
    check(known(kind.base_mhz, kMostMhz) && known(kind.max_mhz, kMostMhz), "a clock that no processor has");
  }
  check(std::is_sorted(shape.cpu.isa.begin(), shape.cpu.isa.end()), "words of the ISA are not sorted");
  for (const auto& disk : machine.disks) check(known(disk.shape.bytes, kMostDiskBytes) && !disk.name.empty(), "a disk that none is");
  for (const auto& nic : machine.nics) check(known(nic.shape.speed_mbps, kMostMbps), "a speed that no port has");
  for (const auto& problem : machine.problems) check(!problem.probe.empty() && !problem.what.empty(), "a problem without a reason");
}

/// What goes over the wire comes back, and pages can be made of it. What no message holds is refused there.
inline void check_machine(const Machine& machine) {
  check_figures(machine);
  Shape canonical = machine.shape;
  canonicalize(canonical);
  check(canonical == machine.shape, "a shape is not in canonical order");

  const EncodedShape packed = pack_shape(machine.shape);
  if (packed.raw_bytes <= kMaxShapeRawBytes) {
    const auto unpacked = unpack_shape(packed);
    check(unpacked && unpacked->id == packed.id, "unpack(pack(x)) is another shape");  // control characters become '?'
    const auto hello = hello_of(machine, packed.id, "1.0.0");
    const auto frames = read_probe_frames(write_probe_frames(hello, packed));
    check(!frames || frames->first.disk_names == hello.disk_names, "frames say something else");
  }

  Report report{.machine = machine, .shape_id = packed.id, .rating = {}, .microarchitecture = {}, .catalog_version = chips().version()};
  report.rating = chips().rate(machine.shape);
  report.microarchitecture = chips().microarchitecture(machine.shape.cpu);
  check(nlohmann::json::parse(report_json(report), nullptr, false).is_object(), "the report is not JSON");
  check(!report_text(report).empty(), "the report is empty");
}

}  // namespace capmap::fuzz
