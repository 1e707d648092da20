#include "controller/alerts_thread.hpp"

#include <curl/curl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "common/log.hpp"
#include "common/transport.hpp"
#include "controller/pipes.hpp"
#include "controller/requests.hpp"
#include "controller/store/files.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kLookEveryMs = 1'000;
constexpr std::size_t kLeastSecret = 16, kMostSecret = 4'096;
constexpr std::size_t kSendsALook = 16;

struct CloseHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::size_t pass_over(char*, std::size_t size, std::size_t count, void*) {
  return size * count;  // what a webhook answers beside its status is nobody's
}

std::string epoch_text(std::uint64_t epoch) {
  std::array<char, 20> text{};
  const int length = std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(epoch));
  return {text.data(), static_cast<std::size_t>(length)};
}

class AlertsThread {
 public:
  AlertsThread(const AlertOptions& options, const Clock& clock, const Published<MapView>& view, const Published<StoreHealth>& store,
               Published<Metrics>& metrics)
      : options_(options), clock_(clock), view_(view), store_(store), metrics_(metrics), watch_(clock.unix_ms()) {}

  Result<Done> open(zmq::context_t& context) {
    auto stop = open_pull(context, kAlertsPipe);
    if (!stop) return stop.error();
    stop_ = std::move(*stop);
    auto http = open_push(context, kHttpPipe);
    if (!http) return http.error();
    http_ = std::move(*http);
    if (!options_.webhook_url.empty()) curl_.reset(curl_easy_init());
    if (!options_.webhook_url.empty() && !curl_) return Error{ErrorCode::kUnavailable, "libcurl has no memory"};
    return Done{};
  }

  Result<Done> run() {
    while (!stopping_) {
      look();
      for (std::size_t i = 0; i < kSendsALook && !stopping_ && queue_.due(clock_.boot_ms()) != nullptr; ++i) send_next();
      publish_metrics();
      if (!stopping_) wait_for_stop(static_cast<int>(kLookEveryMs));
    }
    if (queue_.waiting() > 0) log_warn("alerts_not_sent", {{"count", queue_.waiting()}, {"what", "the webhook had not taken them"}});
    return Done{};
  }

 private:
  void wait_for_stop(int timeout_ms) {
    std::array items = {Waitable{.socket = &stop_}};
    wait_any(items, timeout_ms);
    stopping_ = stopping_ || items[0].ready;
  }

  void look() {
    const auto view = view_.take();
    if (!view) return;
    const auto health = store_.take();
    for (const auto& alert : watch_.look(*view, health.get(), clock_.unix_ms())) {
      const auto* const kind = kAlertWords[static_cast<std::size_t>(alert.kind)];
      log_warn("alert",
               {{"kind", kind}, {"state", alert.firing ? "firing" : "resolved"}, {"subject", alert.subject}, {"what", alert.text}});
      if (alert.firing) ++by_kind_[static_cast<std::size_t>(alert.kind)];
      // For who watches /v1/events. A full pipe means http has stopped reading: the log has it.
      static_cast<void>(send_object(http_, std::make_unique<HttpInput>(AlertTold{alert}), false));
      if (!curl_) continue;
      const auto epoch = epoch_text(options_.epoch);
      queue_.push(epoch + "-" + std::to_string(alert.number), alert_json(alert, options_.controller_id, epoch), clock_.boot_ms());
    }
  }

  /// Ends a transfer that is under way when the program stops.
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    auto& thread = *static_cast<AlertsThread*>(self);
    thread.wait_for_stop(0);
    return thread.stopping_ ? 1 : 0;
  }

  void send_next() {
    const auto* const next = queue_.due(clock_.boot_ms());
    const auto now_s = clock_.unix_ms() / 1'000;
    curl_slist* lines = nullptr;
    for (const auto& line : {std::string("Content-Type: application/json"), std::string("Expect:"), "Capmap-Alert-Id: " + next->id,
                             "Capmap-Timestamp: " + std::to_string(now_s),
                             "Capmap-Signature: " + alert_signature(options_.webhook_secret, now_s, next->body)}) {
      if (auto* const longer = curl_slist_append(lines, line.c_str())) lines = longer;
    }
    const std::unique_ptr<curl_slist, FreeList> headers(lines);
    auto* const handle = curl_.get();
    std::array<char, CURL_ERROR_SIZE> detail{};
    curl_easy_reset(handle);
    curl_easy_setopt(handle, CURLOPT_URL, options_.webhook_url.c_str());
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout_ms));
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, detail.data());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, pass_over);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, this);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(next->body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, next->body.c_str());
    const auto code = curl_easy_perform(handle);
    long status = 0;
    if (code == CURLE_OK) curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    const bool well = status >= 200 && status < 300;
    if (!well && !stopping_ && !failing_) {
      const std::string why = code == CURLE_OK         ? "it answers " + std::to_string(status)
                              : *detail.data() != '\0' ? detail.data()
                                                       : curl_easy_strerror(code);
      log_warn("webhook_failing", {{"what", why}, {"waiting", queue_.waiting()}});
    }
    if (well && failing_) log_info("webhook_recovered", {{"waiting", queue_.waiting() - 1}});
    failing_ = !well;
    queue_.answered(static_cast<std::uint32_t>(std::max(status, 0L)), clock_.boot_ms());
  }

  void publish_metrics() {
    Metrics out;
    for (std::size_t i = 0; i < kAlertKinds; ++i) {
      out.push_back({"capmap_alerts_total",
                     "Alerts that began to fire, by kind.",
                     Metric::Kind::kCounter,
                     {{"kind", kAlertWords[i]}},
                     static_cast<double>(by_kind_[i])});
    }
    if (curl_) {
      const auto& counts = queue_.counts();
      const auto add = [&out](const char* name, const char* help, Metric::Kind kind, std::uint64_t value) {
        out.push_back({name, help, kind, {}, static_cast<double>(value)});
      };
      add("capmap_webhook_delivered_total", "Alerts that the webhook has taken.", Metric::Kind::kCounter, counts.delivered);
      add("capmap_webhook_retries_total", "Times that it was to be tried again.", Metric::Kind::kCounter, counts.retries);
      add("capmap_webhook_given_up_total", "Alerts that it refused, or did not take within a day.", Metric::Kind::kCounter,
          counts.given_up);
      add("capmap_webhook_dropped_total", "Alerts dropped because too many waited.", Metric::Kind::kCounter, counts.dropped);
      add("capmap_webhook_waiting", "Alerts that wait for it.", Metric::Kind::kGauge, queue_.waiting());
    }
    metrics_.publish(std::make_shared<const Metrics>(std::move(out)));
  }

  const AlertOptions& options_;
  const Clock& clock_;
  const Published<MapView>& view_;
  const Published<StoreHealth>& store_;
  Published<Metrics>& metrics_;
  AlertWatch watch_;
  AlertQueue queue_;
  std::array<std::uint64_t, kAlertKinds> by_kind_{};
  zmq::socket_t stop_, http_;
  std::unique_ptr<CURL, CloseHandle> curl_;
  bool stopping_ = false, failing_ = false;
};

}  // namespace

Result<std::string> load_webhook_secret(const std::string& url, const std::string& file) {
  if (url.empty() && file.empty()) return std::string();
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    return Error{ErrorCode::kMalformed, "alerts.webhook_url: must begin with http:// or https://"};
  }
  if (file.empty()) return Error{ErrorCode::kMalformed, "alerts.webhook_secret_file: is needed beside alerts.webhook_url"};
  struct stat facts {};
  if (stat(file.c_str(), &facts) != 0) return Error{ErrorCode::kAbsent, "alerts.webhook_secret_file: " + file + " is not there"};
  if ((facts.st_mode & 077U) != 0) {
    return Error{ErrorCode::kDenied, "alerts.webhook_secret_file: others may read " + file + ": chmod 600 it"};
  }
  auto secret = read_whole_file(file, kMostSecret);
  if (!secret) return Error{secret.error().code, "alerts.webhook_secret_file: " + secret.error().what};
  while (!secret->empty() && (secret->back() == '\n' || secret->back() == '\r')) secret->pop_back();
  if (secret->size() < kLeastSecret) {
    return Error{ErrorCode::kMalformed,
                 "alerts.webhook_secret_file: " + file + " has less than " + std::to_string(kLeastSecret) + " bytes"};
  }
  return secret;
}

Result<Done> run_alerts(zmq::context_t& context, const AlertOptions& options, const Clock& clock, const Published<MapView>& view,
                        const Published<StoreHealth>& store, Published<Metrics>& metrics) {
  AlertsThread thread(options, clock, view, store, metrics);
  if (auto opened = thread.open(context); !opened) return opened;
  return thread.run();
}

}  // namespace capmap
