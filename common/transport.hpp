#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <zmq.hpp>

#include "common/check.hpp"
#include "common/result.hpp"
#include "common/tsan.hpp"

namespace capmap {

/// Makes ZeroMQ sockets with our fixed options and is the only file that sends and receives on them. All limits stand here, in one
/// place (kTransport…). A socket belongs to the thread that opened it from birth to close. cppzmq's exceptions end in this file.

inline constexpr int kTransportMaxMessageBytes = 64 * 1024;  ///< a longer message ends its connection
inline constexpr int kTransportBacklog = 4096;
inline constexpr int kTransportHighWater = 4096;         ///< messages queued a peer, then drop (send says kFull)
inline constexpr int kTransportHandshakeMs = 5'000;      ///< so long a caller waits for a handshake, at first
inline constexpr int kTransportHandshakeMaxMs = 30'000;  ///< and so long at most, like a listener
inline constexpr int kTransportReconnectMs = 500;        ///< first wait, up to three times as long by a jitter a socket; doubles …
inline constexpr int kTransportReconnectMaxMs = 16'000;  ///< … up to this

/// A CURVE key pair, Z85 text of 40 characters each. A secret never leaves the file it came from except into the socket.
struct CurveKeys {
  std::string public_key;
  std::string secret_key;
};
CurveKeys make_curve_keys();
/// Public half of a secret key. Errors: kMalformed.
Result<std::string> curve_public_of(const std::string& secret_key);
/// True for 40 characters of the Z85 alphabet.
bool is_z85_key(std::string_view text);
/// Key file: one line, the secret key; mode 0600; created atomically (temporary file, fsync, rename), never overwritten.
/// Errors: kDenied (mode lets others read it, or another account owns it: says chmod 600, chown), kAbsent, kMalformed, kFull (no space).
Result<CurveKeys> load_curve_keys(const std::string& path);
Result<Done> save_curve_keys(const std::string& path, const CurveKeys& keys);

struct DealerOptions {
  std::string endpoint;           ///< "tcp://host:port", host a name, IPv4, or [IPv6]
  std::string server_public_key;  ///< Z85
  CurveKeys keys;
  int handshake_ms = kTransportHandshakeMs;
  bool ipv4_only = false;  ///< of a name's addresses libzmq tries one alone, IPv6 first; this takes the IPv4 one
};
/// Opens a CURVE DEALER and starts connecting; libzmq goes on trying. Errors: kMalformed (endpoint, keys), kUnavailable.
Result<zmq::socket_t> open_dealer(zmq::context_t& context, const DealerOptions& options);

struct RouterOptions {
  std::string endpoint;    ///< "tcp://*:8471", "tcp://127.0.0.1:0"
  CurveKeys keys;          ///< the server's
  std::string zap_domain;  ///< "agents", "enrol": what the ZAP handler of this context is asked with
};
/// Opens and binds a CURVE ROUTER; a ZAP handler must already run in this context. Errors: kUnavailable (port in use: says which),
/// kDenied (port below 1024), kMalformed.
Result<zmq::socket_t> open_router(zmq::context_t& context, const RouterOptions& options);
/// Binds a ROUTER to one more endpoint, with a key and domain of its own: a listener keeps those of the moment it was bound. Returns the
/// endpoint as unbind_router wants it, which closes the listener and every connection that it took in; the others stay.
/// Errors: as open_router.
Result<std::string> bind_router_too(zmq::socket_t& router, const RouterOptions& options);
Result<Done> unbind_router(zmq::socket_t& router, const std::string& bound);
/// The endpoint a socket is bound to, with the real port ("tcp://127.0.0.1:43121").
std::string bound_endpoint(zmq::socket_t& socket);

/// What a connection went through, read from a socket's monitor.
enum class LinkEvent : unsigned char { kNone, kConnected, kReady, kDisconnected, kRetrying, kRefused, kHandshakeFailed };
/// Watches one socket, in the socket's thread. The socket's monitor must be stopped before this dies: see WatchedDealer.
class LinkMonitor {
 public:
  /// Events before this are not told: for a DEALER use open_watched_dealer(), which attaches first.
  static Result<LinkMonitor> attach(zmq::context_t& context, zmq::socket_t& socket);
  /// The next event, kNone when there is none; never blocks. kRefused = the server's ZAP handler said no, at once for a revoked key, by
  /// letting the handshake hang for an unknown one (an overloaded server looks the same). kHandshakeFailed = ended at once: the server
  /// has another key than ours for it, or is no controller. `detail` explains.
  LinkEvent next(std::string& detail);
  /// For polling beside the socket itself.
  zmq::socket_t& socket() { return pair_; }

 private:
  explicit LinkMonitor(zmq::socket_t pair) : pair_(std::move(pair)) {}
  zmq::socket_t pair_;
  std::uint64_t connected_ms_ = 0;
};

/// A DEALER and its monitor, which is there before the connection begins, so that no event is missed.
struct WatchedDealer {
  WatchedDealer(zmq::socket_t made, LinkMonitor watch) : dealer(std::move(made)), monitor(std::move(watch)) {}
  WatchedDealer(WatchedDealer&&) = default;
  WatchedDealer& operator=(WatchedDealer&&) = delete;
  /// Stops the monitor first: libzmq's I/O thread waits for ever with an event that nobody is there to take any more.
  ~WatchedDealer();

  zmq::socket_t dealer;
  LinkMonitor monitor;
};
/// Errors: as open_dealer.
Result<WatchedDealer> open_watched_dealer(zmq::context_t& context, const DealerOptions& options);

/// A message received on a ROUTER: who sent it by route (chosen by the peer: only for answering) and by identity (the ZAP User-Id).
struct Routed {
  zmq::message_t route;
  zmq::message_t payload;
  std::string_view user_id;   ///< lives in the payload; empty when the message carries none: drop it
  bool extra_frames = false;  ///< more frames than route and payload: malformed, already drained
};
/// Takes one waiting message. Errors: kTimeout (none waits), kUnavailable (context ended).
Result<Routed> receive_routed(zmq::socket_t& router);
/// The address a message came from, as text; empty: not known. Of an IPv4 peer without the prefix that sockets for both put before it.
/// Lives in the payload.
std::string_view peer_address(Routed& routed);
/// Ends the connection that a message came over, if it still stands; its peer may try to connect again. Where the connection is gone
/// and another one has its descriptor since, that one is ended and comes back.
void end_connection(Routed& routed);
/// Answers by route. Errors: kUnavailable (peer gone), kFull (its queue is full).
Result<Done> send_routed(zmq::socket_t& router, std::span<const std::byte> route, std::span<const std::byte> payload);

/// DEALER side, and inproc bytes. timeout_ms 0 = only what waits, -1 = for ever. Errors: kTimeout, kUnavailable, kFull (send).
Result<zmq::message_t> receive(zmq::socket_t& socket, int timeout_ms);
Result<Done> send(zmq::socket_t& socket, std::span<const std::byte> payload);

/// Internal pipes. Name like "inproc://reports". The high-water mark makes a flooded thread push back, never lose.
Result<zmq::socket_t> open_pull(zmq::context_t& context, const std::string& name, int high_water = 10'000);
Result<zmq::socket_t> open_push(zmq::context_t& context, const std::string& name, int high_water = 10'000);

/// The other end of a socket's monitor. Errors: kUnavailable.
Result<zmq::socket_t> open_pair(zmq::context_t& context, const std::string& name);
/// The socket that ZAP requests of this context come to (REP: a request, its answer, the next). Errors: kUnavailable (there is one).
Result<zmq::socket_t> open_zap(zmq::context_t& context);
/// Messages of several frames, on such sockets alone; at most 64 frames are kept. Errors: kTimeout (none waits), kUnavailable, kFull.
Result<std::vector<zmq::message_t>> receive_frames(zmq::socket_t& socket);
Result<Done> send_frames(zmq::socket_t& socket, std::span<const std::string_view> frames);

/// A message that owns an object: whoever destroys the message unread destroys the object. An empty message means stop.
template <class T>
zmq::message_t message_of(std::unique_ptr<T> object) {
  return {object.release(), sizeof(T), [](void* held, void*) {
            take_over(held);
            delete static_cast<T*>(held);
          }};
}
Result<Done> send_message(zmq::socket_t& socket, zmq::message_t message, bool wait);

/// Hands an object to another thread through an internal pipe. Blocks while the pipe is full (wait) or answers kFull; on error, and when
/// nobody takes it from the pipe, the object is destroyed.
template <class T>
Result<Done> send_object(zmq::socket_t& socket, std::unique_ptr<T> object, bool wait = true) {
  check(object != nullptr, "an object that is not there cannot be sent");
  return send_message(socket, message_of(std::move(object)), wait);
}
/// The next object, or null for stop. Errors: kTimeout (none waits), kUnavailable.
template <class T>
Result<std::unique_ptr<T>> receive_object(zmq::socket_t& socket, int timeout_ms) {
  auto message = receive(socket, timeout_ms);
  if (!message) return message.error();
  if (message->size() == 0) return std::unique_ptr<T>();
  check(message->size() == sizeof(T), "a pipe for objects carried something else");
  return std::make_unique<T>(std::move(*static_cast<T*>(message->data())));
}
/// Tells the reader of a pipe to end: an empty message, after everything sent before it.
void send_stop(zmq::socket_t& socket);

/// Waits until one of the sockets (or file descriptors) can be read. ready[i] tells which; false after timeout_ms.
struct Waitable {
  zmq::socket_t* socket = nullptr;
  int fd = -1;  ///< used when socket is null
  bool ready = false;
};
bool wait_any(std::span<Waitable> items, int timeout_ms);

}  // namespace capmap
