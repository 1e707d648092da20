#pragma once
#include <memory>
#include <optional>
#include <string>

#include "tests/support/http_world.hpp"
#include "tests/support/program.hpp"
#include "tests/support/watch_peer.hpp"

namespace capmap::support {

inline constexpr CellKey kFreshHere{.site = 1, .hardware = 1, .liveness = Liveness::kFresh, .verdict = Verdict::kConsistent};
inline CellKey with(CellKey key, Liveness liveness) {
  key.liveness = liveness;
  return key;
}

/// The small view again and again, each time with what a feed has noted since.
class MovingView {
 public:
  explicit MovingView(HttpWorld& world) : world_(world) {
    feed_.skip_to(41);
    publish();
  }
  void change(std::uint8_t node, std::optional<CellKey> from, std::optional<CellKey> to) {
    feed_.add({.revision = ++revision_, .at_boot_ms = world_.clock.boot_ms(), .node = NodeId{{node}}, .from = from, .to = to});
  }
  /// `edit(view)` changes it before it is seen.
  template <class Edit>
  void publish(Edit edit) {
    auto view = small_view(world_.clock.boot_ms());
    view->revision = ++revision_;
    view->changes = feed_.publish();
    edit(*view);
    world_.view.publish(std::move(view));
  }
  void publish() {
    publish([](MapView&) {});
  }
  [[nodiscard]] std::uint64_t revision() const { return revision_; }

 private:
  HttpWorld& world_;
  ChangeFeed feed_;
  std::uint64_t revision_ = 41;
};

/// Value of a sample in /metrics; -1: it is not there.
inline double metric_of(std::uint16_t port, const std::string& name, const std::string& headers = {}) {
  const auto text = "\n" + get(port, "/metrics", headers).body;
  const auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

}  // namespace capmap::support
