#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <zmq.hpp>

#include "common/log.hpp"
#include "common/published.hpp"
#include "common/transport.hpp"
#include "controller/server_key_state.hpp"

namespace capmap {

/// What is remembered of a sender's way and knowledge of keys.
struct KeyKnowledge {
  bool knows_next = false;  ///< the key of the other port: it keeps it
  bool on_other_port = false;
  std::uint8_t told = 0;  ///< of the state with this number (its last bits); 0: nothing
  std::uint8_t slot = 0;  ///< when it was told last
};

/// Which server key is bound to which port of ingest's ROUTER, what senders are told of it, and how many of them are where. A port serves
/// one key: another one takes its listener away, and with it every connection that it took in, which is why senders are sent to the other
/// port first. Connections of the other port stay. The ingest thread's.
class ServerPorts {
 public:
  struct Parts {
    std::string other_endpoint;                        ///< "tcp://*:8473"; empty: there is none
    std::uint64_t hear_ms = 0;                         ///< who has not been heard for so long is not counted
    const Published<ServerKeyState>* state = nullptr;  ///< null: the keys never change
    Published<ServerKeyCensus>* census = nullptr;
  };
  /// `bound`: the message port, as open_router has bound it to `key`.
  ServerPorts(Parts parts, std::string bound, CurveKeys key);

  /// Each turn: binds what has to be bound. A port that cannot be had is tried again.
  void follow(zmq::socket_t& router, std::uint64_t now_ms);
  /// A port waits to be bound: turns are wanted soon.
  [[nodiscard]] bool waits() const { return waits_; }
  /// Something came from a sender: what it is to be told now.
  std::optional<KeyNews> heard(KeyKnowledge& sender, bool on_other_port, std::uint64_t now_ms);
  /// It keeps that key.
  void learned(KeyKnowledge& sender, const std::string& key) const;

  /// A count is wanted: begin_count(), count() for each sender, end_count().
  [[nodiscard]] bool wants_count(std::uint64_t now_ms) const { return parts_.census != nullptr && state_ && now_ms >= count_at_ms_; }
  void begin_count(std::uint64_t now_ms);
  void count(const KeyKnowledge& sender, std::uint64_t heard_ms);
  void end_count(std::uint64_t now_ms);

 private:
  struct Port {
    std::string wanted, bound;  ///< endpoint to bind; as it is bound, empty: it is not
    std::string domain;
    std::string key;  ///< public half of what it is bound to
  };
  [[nodiscard]] bool bind(zmq::socket_t& router, Port& port, const CurveKeys* key);
  [[nodiscard]] std::uint16_t wanted_port(const KeyKnowledge& sender) const;

  Parts parts_;
  Port message_, other_;
  std::shared_ptr<const ServerKeyState> state_;
  std::uint64_t began_ms_ = 0, looked_ms_ = 0, count_at_ms_ = 0, counting_ms_ = 0;
  bool waits_ = false;
  ServerKeyCensus census_;
  std::string problem_;
  ChangeLog log_;
};

}  // namespace capmap
