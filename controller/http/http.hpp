#pragma once
#include <cstdint>
#include <future>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "common/clock.hpp"
#include "common/published.hpp"
#include "common/result.hpp"
#include "common/watchdog.hpp"
#include "controller/map/map_view.hpp"
#include "controller/metrics.hpp"
#include "controller/store_health.hpp"

namespace capmap {

struct HttpOptions {
  std::string address = "127.0.0.1";    ///< a loopback address: without TLS and roles nothing else is allowed
  std::uint16_t port = 8470;            ///< 0 = any free one
  std::string admin_token_hash;         ///< BLAKE2b-256 hex of the admin token; what changes anything needs "Authorization: Bearer TOKEN"
  std::string input = "inproc://http";  ///< PULL bound here: HttpInput objects; stop ends the thread
  std::string map = "inproc://map_queries";  ///< PUSH connected here: NodeQuery objects
  std::string admin = "inproc://admin";      ///< PUSH connected here: AdminRequest objects
  std::string history = {};                  ///< PUSH connected here: HistoryRequest objects; empty: there is no history
  std::string version = "unknown";           ///< of this program, as /healthz and /metrics say it
  std::string controller_id{};               ///< c-… of this controller; empty: it has none
};

struct HttpSources {
  Published<MapView>& view;
  std::vector<const Published<Metrics>*> metrics;
  const Clock& clock;
  const Published<StoreHealth>* store = nullptr;  ///< null: nobody keeps anything
  Pulse* pulse = nullptr;                         ///< beaten at each turn, each second at least
};

/// The http thread: libmicrohttpd with its epoll driven from here, so that requests which wait for another thread are suspended
/// and resumed by the answer. `ready` gets the bound port, or why not (port in use, not loopback).
Result<Done> run_http(zmq::context_t& context, const HttpOptions& options, const HttpSources& sources,
                      std::promise<Result<std::uint16_t>>& ready);

}  // namespace capmap
