#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/probe/devices/device_backend.hpp"
#include "agent/probe/devices/one_call.hpp"
#include "agent/sample_frames.hpp"
#include "common/clock.hpp"

namespace capmap {

/// A device as all drivers together show it.
struct SeenDevice {
  DeviceReading reading;
  std::uint64_t read_ms = 0;  ///< on the clock of boot; 0 = never
  bool hangs = false;         ///< its driver does not answer now
};

struct SeenDevices {
  std::map<std::string, SeenDevice> by_address;
  std::vector<Problem> problems;
  std::vector<AcceleratorDriver> drivers;  ///< of open libraries that tell a version
};

/// For the agent. `now_ms` on the clock of boot.
SampleFrame to_frame(const SeenDevices& seen, std::uint64_t now_ms);

struct WatchLimits {
  std::uint64_t call_ms = 2'000;     ///< after it a device's call counts as hanging
  std::uint64_t open_ms = 30'000;    ///< likewise opening a library, which wakes every card
  std::uint64_t reopen_ms = 60'000;  ///< after a failure to open, or while a card has no handle
};

/// Keeps one vendor's library open and its devices' newest readings. Driven by one thread; calls into the driver run in others.
class DeviceWatch {
 public:
  DeviceWatch(std::unique_ptr<DeviceBackend> backend, WatchLimits limits, const Clock& clock);
  ~DeviceWatch();

  /// Starts what is due: opening, or one call a device that has none in flight.
  void ask(std::uint64_t now_ms);
  /// True when nothing is in flight.
  [[nodiscard]] bool idle() const;
  /// True when a library was opened and its devices have not been asked yet: the next ask() does.
  [[nodiscard]] bool opened() const;
  /// True when everything in flight hangs by now: there is nothing to wait for.
  [[nodiscard]] bool settled(std::uint64_t now_ms) const;
  /// Adds its devices and this driver's problems. A device that another driver shows too stays one: of the two the one that answers
  /// counts, and the other one fills in what it leaves out. What was never read has only its address.
  void add_to(SeenDevices& seen, std::uint64_t now_ms) const;
  [[nodiscard]] DriverFacts facts() const;
  [[nodiscard]] const DeviceBackend& backend() const { return *backend_; }
  /// The library is open and has said what it shows.
  [[nodiscard]] bool listed() const { return open_; }
  /// There is no such library, or its driver is not loaded: this interface says nothing of any device.
  [[nodiscard]] bool absent() const { return absent_; }
  /// Closes the library, when idle. Afterwards ask() opens it again.
  void close();

 private:
  struct Device;
  void take_opening(std::uint64_t now_ms);
  void add_device(SeenDevices& seen, const Device& device, std::uint64_t now_ms) const;

  std::unique_ptr<DeviceBackend> backend_;
  WatchLimits limits_;
  const Clock& clock_;
  struct Opening;
  std::unique_ptr<Opening> opening_;
  OneCall library_call_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::vector<std::string> failures_;
  std::string open_problem_;
  DriverFacts facts_;
  bool open_ = false, absent_ = false;
  std::uint64_t open_due_ms_ = 0;
};

/// "40 s", "3 min", "2 h": coarse, so that a line about something that goes on does not change all the time.
std::string coarse_duration(std::uint64_t ms);

/// A reading as the map takes it. Used: a compute process holds it, or its memory is above the idle floor, or it was busy; unknown where
/// none of the three is told.
AcceleratorUse use_of(const DeviceReading& reading);

}  // namespace capmap
