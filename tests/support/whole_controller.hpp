#pragma once
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "common/join_token.hpp"
#include "common/transport.hpp"
#include "controller/http/http.hpp"
#include "controller/map_thread.hpp"
#include "controller/password_thread.hpp"
#include "controller/pipes.hpp"
#include "controller/restore.hpp"
#include "controller/store/state_folder.hpp"
#include "controller/store/store.hpp"
#include "controller/store_thread.hpp"
#include "tests/support/catalog_regions.hpp"

namespace capmap::support {

/// How a controller may be reached.
struct Reach {
  std::string address = "127.0.0.1";
  GateOptions gate{};
  std::shared_ptr<const TlsPair> tls{};  ///< null: plain HTTP
  std::string catalog{};                 ///< folder of the chip table, with the store's own rows over it; empty: none
};

/// A controller's store, map, password and http threads with their real pipes, over a state folder that is there; nobody listens for
/// agents. It begins with construction, is gone with destruction, and what it made durable stays in the folder.
class WholeController {
 public:
  explicit WholeController(const std::string& state, const Reach& reach = {}) {
    tls.publish(reach.tls);
    for (const auto& [name, pipe] : {std::pair{kEnrolPipe, &enrol_}, {kKeysPipe, &keys_}, {kIngestPipe, &acks_}}) {
      *pipe = std::move(*open_pull(context_, name));
    }
    auto store = open_store(state, NoStore::kRefuse);
    if (!store) throw std::runtime_error(store.error().what);
    std::shared_ptr<const ChipTable> chips;
    if (!reach.catalog.empty()) {
      const auto own = (*store)->own_chips();
      chips = std::make_shared<const ChipTable>(std::move(*ChipTable::load(reach.catalog, &*own)));
    }
    auto map = std::make_shared<CapacityMap>(MapOptions{.epoch = 7, .regions = catalog_regions()}, chips, clock_.boot_ms());
    if (auto restored = restore(**store, *map, clock_); !restored) throw std::runtime_error(restored.error().what);
    map_ = std::thread([this, map] { static_cast<void>(run_map(context_, std::move(*map), clock_, view, map_metrics_)); });
    store_ = std::thread([this, kept = std::move(*store)]() mutable {
      static_cast<void>(run_store(context_, TokenMaking{}, std::move(kept), clock_, health_, store_metrics_, &access));
    });
    passwords_ = std::thread([this] { static_cast<void>(run_passwords(context_, kPasswordPipe, kHttpPipe)); });
    HttpOptions options;
    options.address = reach.address;
    options.gate = reach.gate;
    options.passwords = kPasswordPipe;
    options.port = 0;
    options.admin_token_hash = secret_hash(*load_admin_token(state));
    options.input = kHttpPipe;
    options.map = kMapQueryPipe;
    options.admin = kAdminPipe;
    options.version = "9.8.7";
    std::promise<Result<std::uint16_t>> ready;
    auto bound = ready.get_future();
    http_ = std::thread([this, options, secure = reach.tls != nullptr, &ready] {
      const HttpSources sources{
          .view = view, .metrics = {&map_metrics_}, .clock = clock_, .store = &health_, .access = &access, .tls = secure ? &tls : nullptr};
      static_cast<void>(run_http(context_, options, sources, ready));
    });
    port = *bound.get();
    while (!view.take() || !access.take()) std::this_thread::yield();
  }
  ~WholeController() {
    send_stop(*open_push(context_, kAdminPipe));
    store_.join();
    send_stop(*open_push(context_, kMapPipe));  // and the map stops http
    map_.join();
    http_.join();
    send_stop(*open_push(context_, kPasswordPipe));
    passwords_.join();
  }
  WholeController(const WholeController&) = delete;
  WholeController& operator=(const WholeController&) = delete;

  Published<MapView> view;
  Published<AccessTable> access;
  Published<TlsPair> tls;
  std::uint16_t port = 0;

 private:
  zmq::context_t context_{1};
  zmq::socket_t enrol_, keys_, acks_;
  SystemClock clock_;
  Published<Metrics> map_metrics_, store_metrics_;
  Published<StoreHealth> health_;
  std::thread map_, store_, passwords_, http_;
};

}  // namespace capmap::support
