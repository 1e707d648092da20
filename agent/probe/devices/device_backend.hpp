#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/host_root.hpp"
#include "common/result.hpp"

namespace capmap {

/// A part of a device: handed out on its own (MIG instance, compute partition, virtual function, vNPU), or one of the dies that make up
/// the card. Shown under its device, never added to it.
struct DevicePartition {
  std::string name;  ///< with its profile, as the driver says it
  std::optional<std::uint64_t> memory_total_bytes, memory_used_bytes;
  std::string pci_address{};  ///< of a part that is a PCI function of its own; empty = none
  bool die = false;
  /// Of a MIG instance: what it keeps when it is made anew, unlike its UUID. Together with its device they name it.
  std::optional<std::uint32_t> instance_id{}, compute_instance_id{}, profile_id{}, place_start{}, place_size{};
};

/// What a driver says of one device now. A reading it does not offer is absent.
struct DeviceReading {
  std::string pci_address;  ///< "0000:17:00.0"
  std::string pci_id;       ///< "10de:2330"; empty = not told
  std::string name, uuid;
  std::optional<std::uint64_t> memory_total_bytes, memory_used_bytes;  ///< of a cut device: sums of its partitions where it has none itself
  std::optional<std::uint64_t> idle_bytes;                             ///< memory a driver takes with nobody there; more means used
  std::optional<std::uint32_t> busy_permille;
  std::optional<std::uint32_t> power_milliwatts, power_limit_milliwatts;  ///< the limit is the enforced one
  std::optional<std::uint32_t> power_limit_min_milliwatts, power_limit_max_milliwatts, power_limit_default_milliwatts;
  std::optional<std::uint32_t> temperature_celsius, core_mhz, memory_mhz;
  std::optional<std::uint32_t> core_max_mhz, memory_max_mhz;    ///< highest the card is let run at
  std::optional<std::uint32_t> links, links_up;                 ///< links between devices (NVLink): there, and up
  std::optional<std::uint32_t> link_mbs;                        ///< 10^6 bytes a second of one link that is up
  std::optional<std::uint64_t> ecc_corrected, ecc_uncorrected;  ///< memory errors since the driver was loaded
  std::optional<bool> ecc, ecc_next;                            ///< error correction now, and once the device is reset
  std::optional<std::uint32_t> compute_processes;               ///< that hold it, its partitions included
  std::optional<bool> healthy;              ///< false: lost, wants a reset, uncorrected memory errors; true: answers, none of these
  std::optional<bool> cut, cut_next;        ///< partition mode now, and once the device is reset
  std::vector<DevicePartition> partitions;  ///< [part], dies first, in the driver's order; others are told where `cut` is
  std::vector<std::string> failures;        ///< what could not be read though it should, one line each
};

/// What belongs to a driver and not to a device.
struct DriverFacts {
  std::string driver_version, cuda_version;  ///< empty = not told
  std::string never_told{};                  ///< what this driver tells of no device at all, one line for all of them; empty = nothing
};

/// What a driver shows, and what of it cannot be had.
struct DeviceList {
  std::vector<std::string> pci_addresses;  ///< [device], ascending, each once; a card of several dies under its first one's
  std::vector<std::string> failures;       ///< one line a device that has no handle
};

/// One vendor, one file. Every call but name() may hang for ever inside a driver; the caller keeps one thread a device for read(), and
/// one for the rest. After a failed open() it may be called again.
class DeviceBackend {
 public:
  virtual ~DeviceBackend() = default;
  /// Lower-case word for problems ("nvml").
  [[nodiscard]] virtual const char* name() const = 0;
  /// Whose devices it lists: the vendor's PCI id.
  [[nodiscard]] virtual std::uint16_t pci_vendor() const = 0;
  /// True: another one reads the same devices, this one adds to it where it is installed, and its absence (kAbsent) is no problem.
  [[nodiscard]] virtual bool optional() const { return false; }
  /// Errors: kAbsent (no library, no driver), kUnavailable (the driver refuses), kDenied.
  virtual Result<DriverFacts> open() = 0;
  /// What the driver shows. Call once after open(). Errors: kUnavailable.
  virtual Result<DeviceList> list() = 0;
  /// One device of the list. Thread: one a device; different ones at the same time.
  virtual DeviceReading read(const std::string& pci_address) = 0;
  /// No call may be in flight.
  virtual void close() = 0;
};

/// NVIDIA by its management library, loaded when open() is called; nothing is linked. `library` "libnvidia-ml.so.1", or a path.
std::unique_ptr<DeviceBackend> make_nvml_backend(std::string library);
/// AMD by the files of amdgpu and KFD, no library.
std::unique_ptr<DeviceBackend> make_amd_backend(HostRoot root);
/// AMD by ROCm SMI, loaded when open() is called, beside the files: it knows names that they do not. `library` empty: where it is
/// installed; `root` tells which dies are one card.
std::unique_ptr<DeviceBackend> make_rocm_smi_backend(HostRoot root, std::string library);
/// Intel by the files of i915 and xe, no library. `clock` must outlive it.
std::unique_ptr<DeviceBackend> make_intel_backend(HostRoot root, const Clock& clock);
/// Huawei Ascend by its card management library (DCMI), loaded when open() is called. `library` empty: from its usual places.
std::unique_ptr<DeviceBackend> make_dcmi_backend(std::string library);
/// Habana Gaudi by the files of habanalabs, no library.
std::unique_ptr<DeviceBackend> make_habana_backend(HostRoot root);

}  // namespace capmap
