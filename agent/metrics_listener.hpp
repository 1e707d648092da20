#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "agent/metrics_address.hpp"
#include "agent/metrics_text.hpp"
#include "agent/tick_report.hpp"
#include "common/clock.hpp"
#include "common/open_file.hpp"
#include "common/published.hpp"
#include "common/result.hpp"

namespace capmap {

/// Answers GET /metrics on an address of this machine, in a thread of its own. What peers do is bounded: kMost connections, of which the
/// oldest goes when another comes; kLimitMs from a connection's begin to its end; kMaxMetricsRequestBytes of request. Made and ended by one
/// thread; a socket's file goes with it.
class MetricsListener {
 public:
  static constexpr std::size_t kMost = 8;
  static constexpr std::uint64_t kLimitMs = 2'000;

  /// Listens from now on. `report` and `link` outlive it. Errors: kUnavailable (the address is taken, or the path cannot be made, with
  /// why).
  static Result<std::unique_ptr<MetricsListener>> start(const MetricsAddress& address, const Published<TickReport>& report,
                                                        const LinkCounts& link, const Clock& clock);
  ~MetricsListener();
  MetricsListener(const MetricsListener&) = delete;
  MetricsListener& operator=(const MetricsListener&) = delete;

  /// "127.0.0.1:9101", or the path.
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  MetricsListener(int listening, int stop) : listening_(listening), stop_(stop) {}

  OpenFile listening_, stop_;
  std::string where_, path_;
  std::jthread thread_;
};

}  // namespace capmap
