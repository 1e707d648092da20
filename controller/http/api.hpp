#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "controller/http/answer_memory.hpp"
#include "controller/http/gate.hpp"
#include "controller/http/http.hpp"
#include "controller/http/idempotency.hpp"
#include "controller/http/routes.hpp"
#include "controller/http/watchers.hpp"

namespace capmap {

/// Who asked for what, kept while the answer is waited for.
struct RequestNote {
  std::shared_ptr<const Asker> asker;
  HttpRequest head;  ///< method and target alone
};

/// What a request came to, and the route it is counted under ("none" when it fits none).
struct Handled {
  Outcome outcome;
  std::string route;
  std::shared_ptr<const RequestNote> note{};
};

/// The API without its sockets: who may ask, for what, and what is answered. Used by the http thread alone; lives as long as it.
class Api {
 public:
  Api(const HttpOptions& options, const HttpSources& sources, std::function<Metrics()> server_metrics);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  /// How long a body may be, by its head alone: who has no right to send a long one must not make us keep it.
  [[nodiscard]] std::size_t most_body_bytes(const HttpRequest& head);
  /// Refuses, answers or asks. Never throws, blocks or waits. Cost: at most one rollup and a page of JSON.
  Handled handle(const HttpRequest& request);
  /// Every response goes through here once before it is sent: counted, and given the headers all have.
  HttpResponse finish(const std::string& route, HttpResponse response, const RequestNote* note = nullptr);
  [[nodiscard]] Gate& gate() { return gate_; }
  [[nodiscard]] Watchers& watchers() { return watchers_; }
  [[nodiscard]] std::shared_ptr<const MapView> view() const { return sources_.view.take(); }

 private:
  Outcome dispatch(const Route& route, const HttpRequest& request, const Target& target, std::string path_value,
                   const std::shared_ptr<const Asker>& asker);
  Gate::Seen look(const Route& route, const HttpRequest& request);
  Outcome once(const HttpRequest& request, const Principal& principal, const std::function<Outcome()>& carry_out);
  Outcome remember(const std::string& key, Outcome outcome);
  [[nodiscard]] Metrics all_metrics() const;

  HttpOptions options_;
  HttpSources sources_;
  Gate gate_;
  Watchers watchers_;
  std::function<Metrics()> server_metrics_;
  std::function<Metrics()> metrics_;
  IdempotencyMemory memory_;
  AnswerMemory answers_;
  ScanSlots scans_;
  std::map<std::pair<std::string, int>, std::uint64_t> answered_;  ///< (route, status)
};

}  // namespace capmap
