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
#include "controller/access/access_table.hpp"
#include "controller/http/gate_options.hpp"
#include "controller/map/map_view.hpp"
#include "controller/metrics.hpp"
#include "controller/store_health.hpp"
#include "controller/tls/tls_pair.hpp"

namespace capmap {

struct HttpOptions {
  std::string address = "127.0.0.1";         ///< without TLS or a proxy nothing but a loopback address is allowed
  std::uint16_t port = 8470;                 ///< 0 = any free one
  std::string admin_token_hash;              ///< BLAKE2b-256 hex of the admin token: whoever shows it is the built-in admin
  std::string input = "inproc://http";       ///< PULL bound here: HttpInput objects; stop ends the thread
  std::string map = "inproc://map_queries";  ///< PUSH connected here: NodeQuery objects
  std::string admin = "inproc://admin";      ///< PUSH connected here: AdminRequest objects
  std::string history = {};                  ///< PUSH connected here: HistoryRequest objects; empty: there is no history
  std::string version = "unknown";           ///< of this program, as /healthz and /metrics say it
  std::string controller_id{};               ///< c-… of this controller; empty: it has none
  std::string passwords = {};                ///< PUSH connected here: PasswordJob objects; empty: nobody can log in
  std::vector<std::string> sql = {};         ///< PUSH connected to each: SqlJob objects, one at a time; empty: nobody answers SQL
  GateOptions gate{};                        ///< admin_token_hash is set by the one above
};

struct HttpSources {
  Published<MapView>& view;
  std::vector<const Published<Metrics>*> metrics;
  const Clock& clock;
  const Published<StoreHealth>* store = nullptr;   ///< null: nobody keeps anything
  const Published<AccessTable>* access = nullptr;  ///< null: there are no users but the admin
  const Published<TlsPair>* tls = nullptr;         ///< null: plain HTTP; else each new connection is shown the newest
  Pulse* pulse = nullptr;                          ///< beaten at each turn, each second at least
};

/// The http thread: libmicrohttpd with its epoll driven from here, so that requests which wait for another thread are suspended
/// and resumed by the answer. `ready` gets the bound port, or why not (port in use; plain HTTP beyond this machine).
Result<Done> run_http(zmq::context_t& context, const HttpOptions& options, const HttpSources& sources,
                      std::promise<Result<std::uint16_t>>& ready);

}  // namespace capmap
