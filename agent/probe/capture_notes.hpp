#pragma once
#include <string>
#include <string_view>

#include "agent/probe/machine.hpp"

namespace capmap {

/// What a capture carries beside the kernel's files: the topology as hwloc saw it, and what only system calls and the processor itself
/// tell, one "key=value" a line.
inline constexpr const char* kCapturedTopology = "capmap/topology.xml";
inline constexpr const char* kCapturedNotes = "capmap/notes";
/// What drivers last said, as agent/known_devices.hpp writes it; there only where something was said.
inline constexpr const char* kCapturedKnown = "capmap/accelerators.known";
inline constexpr const char* kCapturedDevices =
    "capmap/devices.json";  ///< what drivers said (device_look.hpp); absent where none was asked

/// Notes of a machine read live.
std::string write_notes(const Machine& machine);
/// Puts notes in the place of what could only be guessed from files. Lines that are not understood are left.
void apply_notes(std::string_view notes, Machine& machine);

}  // namespace capmap
