#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "common/clock.hpp"
#include "common/ids.hpp"
#include "common/published.hpp"
#include "common/result.hpp"
#include "controller/access/access_table.hpp"
#include "controller/map/map_view.hpp"
#include "controller/metrics.hpp"
#include "tests/support/small_view.hpp"

namespace capmap::support {

inline constexpr ControllerId kOwnController{{7}}, kChildController{{8}};
inline constexpr ShapeId kSentShape{{9}};  ///< that agents sent; of the hardware of number 1
inline constexpr const char* kAdminToken = "the-admin-token-of-the-test";

/// A clock that tests move while threads read it.
class SharedClock final : public Clock {
 public:
  [[nodiscard]] std::uint64_t boot_ms() const override { return boot_ms_; }
  [[nodiscard]] std::uint64_t unix_ms() const override { return boot_ms_ + 1'790'000'000'000; }
  void advance_ms(std::uint64_t step) { boot_ms_ += step; }

 private:
  std::atomic<std::uint64_t> boot_ms_{1'000'000};
};

/// The http thread on a free port, with a map thread that hands out ten nodes in chunks of four and an admin thread that answers by
/// the name it is asked for: "exists", "broken", "full", "absent" fail as they say, "late" waits until let go. Ends with its scope.
class HttpWorld {
 public:
  /// history: a folder for a history thread as a controller has it; empty: one that has samples of the last two hours, and no past.
  explicit HttpWorld(const std::string& admin_token = kAdminToken, const std::string& address = "127.0.0.1",
                     const std::string& history = {});
  ~HttpWorld();
  HttpWorld(const HttpWorld&) = delete;
  HttpWorld& operator=(const HttpWorld&) = delete;

  /// Asks the http thread to end and waits for it.
  void stop_http();
  [[nodiscard]] bool ended_well() const;

  Published<MapView> view;
  Published<AccessTable> access;
  Published<Metrics> metrics, history_metrics;
  SharedClock clock;
  std::uint16_t port = 0;
  Error problem;
  std::atomic<bool> map_silent{false};
  std::atomic<bool> let_late_go{false};
  std::atomic<unsigned> queries{0}, changes{0};

 private:
  class Threads;
  std::unique_ptr<Threads> threads_;
};

}  // namespace capmap::support
