#pragma once
#include <cstdint>
#include <string>
#include <zmq.hpp>

#include "common/clock.hpp"
#include "common/published.hpp"
#include "common/result.hpp"
#include "controller/alerts.hpp"
#include "controller/metrics.hpp"

namespace capmap {

inline constexpr const char* kAlertsPipe = "inproc://alerts";  ///< stop from main

struct AlertOptions {
  std::string webhook_url;     ///< empty: alerts stand in the log alone
  std::string webhook_secret;  ///< what messages to it are signed with
  std::string controller_id;
  std::uint64_t epoch = 0;
  std::uint32_t timeout_ms = 10'000;  ///< for one answer of the webhook
};

/// An http or https URL, with a secret in a file that nobody else may read, of 16 to 4,096 bytes; both or none. The secret, without the
/// line's end. Errors: kMalformed, kDenied, kAbsent, each naming the setting.
Result<std::string> load_webhook_secret(const std::string& url, const std::string& file);

/// The alerts thread: looks at the newest view each second, logs what is new, and sends it to the webhook, which may be slow or away:
/// nobody else waits for it. Runs until the empty message on kAlertsPipe; what waits then is lost, and counted in the log. Errors:
/// kUnavailable (the pipe cannot be opened).
Result<Done> run_alerts(zmq::context_t& context, const AlertOptions& options, const Clock& clock, const Published<MapView>& view,
                        const Published<StoreHealth>& store, Published<Metrics>& metrics);

}  // namespace capmap
