#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controller/map/hardware_row.hpp"

namespace capmap {

/// What one node of a hardware row adds to each figure.
enum HardwareFigure : std::uint8_t {
  kPackages,
  kCores,
  kPus,
  kMemoryBytes,
  kMemoryUnknown,
  kAccelerators,
  kStorageBytes,
  kStorageUnknown = kStorageBytes + 5,
  kNics,
  kNicMbps,
  kNicUnknown,
  kRdmaNics,
  kRated,
  kUnratedPackages,
  kUnratedAccelerators,
  kUnratedNodes,
  kHardwareUnknown,
  kCpuPeak,
  kCpuOffered = kCpuPeak + kPrecisionCount,
  kAcceleratorPeak = kCpuOffered + kPrecisionCount,
  kAcceleratorOffered = kAcceleratorPeak + kPrecisionCount,
  kCpuRpeak = kAcceleratorOffered + kPrecisionCount,  ///< FP64 of matrix units, else of vector units: see rpeak_of
  kCpuRpeakOffered,
  kAcceleratorRpeak,
  kAcceleratorRpeakOffered,
  kNodeFigureCount,                ///< those behind it are of one device, and stand in no sum over nodes
  kDevicePeak = kNodeFigureCount,  ///< of a row whose accelerators are all alike, else 0: which of several is free is not known
  kDeviceOffered = kDevicePeak + kPrecisionCount,
  kFigureCount = kDeviceOffered + kPrecisionCount
};

/// What a filter may compare of hardware.
enum HardwareNumber : std::uint8_t {
  kNumberPackages,
  kNumberCores,
  kNumberPus,
  kNumberMemoryGib,
  kNumberAccelerators,
  kNumberRdmaNics,
  kHardwareNumberCount
};

/// Rows of accelerators as filters see them; equal ones are kept once.
struct DeviceText {
  std::string model, vendor;  ///< as vendor_text() says it
  const char* kind = "";
  std::uint32_t count = 0;
  std::optional<std::uint64_t> memory_gib;
};

/// All hardware rows column by column.
struct HardwareFigures {
  /// A figure of all rows in halves; a half that is zero everywhere is empty.
  struct Column {
    std::vector<std::uint32_t> low, high;  ///< [hardware]
  };
  using Counted = std::pair<std::uint32_t, std::uint32_t>;  ///< (number of a text, devices or packages a node)
  struct Words {
    std::vector<Counted> models, reasons;
  };
  std::size_t rows = 0;
  std::array<Column, kFigureCount> columns;
  std::vector<Words> words;  ///< [hardware]
  std::vector<std::string> models;
  std::vector<std::pair<std::string, std::string>> reasons;                             ///< (what, why)
  std::array<std::vector<std::optional<std::uint64_t>>, kHardwareNumberCount> numbers;  ///< [hardware]; absent: not known
  std::vector<DeviceText> devices;
  std::vector<std::vector<std::uint32_t>> devices_of;  ///< [hardware] indexes of devices
};
/// The word of an accelerator's vendor ("nvidia"), its PCI id ("0x1234") where it has none; empty: not known.
std::string vendor_text(const AcceleratorShape& device);
/// [hardware]; null rows are of no known hardware. At least one row is made. Cost: a pass over all rows.
HardwareFigures figures_of(const std::vector<std::shared_ptr<const HardwareRow>>& hardware);
/// Writes some rows anew, rows that were added among them. Texts and devices that no row has any more stay. Cost: those rows, and a look
/// at each text.
void follow_hardware(HardwareFigures& figures, const std::vector<std::shared_ptr<const HardwareRow>>& hardware,
                     const std::vector<std::size_t>& changed);

}  // namespace capmap
