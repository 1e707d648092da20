#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "common/log.hpp"
#include "common/published.hpp"
#include "controller/joining_requests.hpp"
#include "controller/server_key_state.hpp"

namespace capmap {

/// Leads a change of the server's key from phase to phase, each on the disk before it is published: by the time, by what ingest counts,
/// and by an admin's wish. The store thread's; main makes it, so that what it publishes first is there before anybody listens.
class ServerKeyDesk {
 public:
  struct Parts {
    std::string state_folder;
    ServerKeyPolicy policy;
    std::uint16_t other_port = 0;
    Published<ServerKeyState>& state;
    const Published<ServerKeyCensus>& census;
  };
  ServerKeyDesk(Parts parts, ServerKeys keys, std::uint64_t now_boot_ms);

  /// What the time brings. Cheap; wanted each second.
  void turn(std::uint64_t now_unix_ms, std::uint64_t now_boot_ms);
  /// An admin's wish: done, or refused with the reason.
  ServerKeyTold ask(const RotateServerKey& request, std::uint64_t now_unix_ms, std::uint64_t now_boot_ms);
  [[nodiscard]] ServerKeyStatus status() const;
  [[nodiscard]] const std::string& state_folder() const { return parts_.state_folder; }

 private:
  [[nodiscard]] std::string refusal(const RotateServerKey& request, std::uint64_t now_boot_ms) const;
  [[nodiscard]] std::string too_soon(std::uint64_t now_boot_ms) const;
  Result<Done> go_on(std::uint64_t now_unix_ms, std::uint64_t now_boot_ms);
  [[nodiscard]] ServerKeyCensus counted() const;
  void publish();

  Parts parts_;
  ServerKeys keys_;
  std::uint64_t number_ = 0, settled_since_ms_, retry_ms_ = 0;
  ChangeLog log_;
};

}  // namespace capmap
