#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "common/codec_keys.hpp"
#include "controller/store/server_keys.hpp"

namespace capmap {

/// What the store thread publishes of the server's keys, and ingest and enrol go by.
struct ServerKeyState {
  std::uint64_t number = 0;  ///< grows with each
  KeyPhase phase = KeyPhase::kOne;
  CurveKeys message_port;
  std::optional<CurveKeys> other_port{};  ///< absent: it is closed
  std::uint64_t move_ms = 0;              ///< agents that are to change ports do so within this time
};
/// What agents are told of it; where they shall be is ingest's to add.
inline KeyNews news_of(const ServerKeyState& state, std::uint16_t other_port) {
  KeyNews news{.server_key = state.message_port.public_key};
  if (state.other_port && other_port != 0) {
    news.server_next_key = state.other_port->public_key;
    news.server_next_port = other_port;
  }
  return news;
}

/// What ingest publishes of those that reported lately: nodes and child controllers, each in its own few intervals.
struct ServerKeyCensus {
  std::uint64_t number = 0;  ///< of the state that is in force: both ports are bound as it says
  std::uint64_t heard = 0, knowing = 0;
  std::uint64_t on_message_port = 0, on_other_port = 0;
  std::string problem{};  ///< why a port is not bound; empty: all is well
};

/// How long each phase lasts, and whose wish begins one.
struct ServerKeyPolicy {
  std::uint64_t max_age_ms = 0;  ///< of the key, then a change begins by itself; 0: never
  std::uint64_t window_ms = 0, old_ms = 0, move_ms = 0;
  std::uint64_t hear_ms = 0;  ///< so long it takes to hear everybody once
};

/// How many that report do not know the next key.
inline std::uint64_t not_knowing(const ServerKeyCensus& census) {
  return census.heard - census.knowing;
}
/// True when the next phase begins by itself. `settled_ms`: since this phase began and since the start. `census` is of this phase. Pure.
bool next_phase_is_due(const ServerKeys& keys, const ServerKeyPolicy& policy, const ServerKeyCensus& census, std::uint64_t now_unix_ms,
                       std::uint64_t settled_ms);

}  // namespace capmap
