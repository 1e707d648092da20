#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/hardware.hpp"
#include "common/result.hpp"

namespace capmap {

/// One device in a frame: its newest good values, how old they are, and what does not change about it.
struct DeviceRow {
  AcceleratorUse use;
  std::uint32_t age_ms = 0;  ///< of `use`, when the frame was written
  std::string name;          ///< as its driver says it; empty = not told
  std::string pci_id;        ///< "10de:2330"; empty = not told
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::uint32_t> power_limit_watts{};  ///< as enforced
  std::vector<std::string> more_dies{};              ///< addresses of a card's other dies, ascending; empty = it has one
  bool operator==(const DeviceRow&) const = default;
};

/// One file system in a frame.
struct FileSystemRow {
  SharedFileSystem use;
  std::uint32_t age_ms = 0;  ///< of its sizes, when the frame was written
  bool operator==(const FileSystemRow&) const = default;
};

/// What `capmap-probe devices` or `capmap-probe mounts` writes to stdout each so many milliseconds for the agent that started it.
struct SampleFrame {
  std::vector<DeviceRow> rows;              ///< [device], ordered by pci_address, each once
  std::vector<FileSystemRow> file_systems;  ///< [source], ascending, each once
  bool mode_change_pending = false;  ///< a card waits for a reset into another partition mode, which open drivers keep from happening
  std::vector<Problem> problems;
  std::vector<AcceleratorDriver> drivers{};  ///< that are open and tell a version
  bool operator==(const SampleFrame&) const = default;
};

inline constexpr std::size_t kMaxSampleFrameBytes = 128 * 1024;

/// The frame as lines, which a person can read too:
///   device 0000:17:00.0 age_ms=12 used=1 memory_mib=4096 busy=983 healthy=1 watts=612 partitions=0 celsius=61 limit=700 bytes=85899345920
///   id=10de:2330 die=… name=… mount age_ms=7 size_mb=1000000 used_mb=42 type=nfs4 source=server:/export pending driver nvml cuda=12.4
///   version=550.54.15 problem nvml device 0000:17:00.0: power: no permission end
/// A reading that is unknown has no word. Control characters in texts become '?'; over 1024 devices, 64 file systems or 64 problems are
/// cut.
std::string write_sample_frame(const SampleFrame& frame);

/// Takes the first whole frame off the front of `text`; nothing while none is whole. Errors: kMalformed (an unknown line or word, a
/// number without meaning, devices out of order, more than kMaxSampleFrameBytes and no end); then `text` is empty. Reads untrusted text.
std::optional<Result<SampleFrame>> take_sample_frame(std::string& text);

}  // namespace capmap
