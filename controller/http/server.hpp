#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "common/clock.hpp"
#include "common/published.hpp"
#include "common/result.hpp"
#include "controller/http/listener.hpp"
#include "controller/http/message.hpp"
#include "controller/tls/tls_pair.hpp"

namespace capmap {

struct ServerCounts {
  std::uint64_t connections = 0;      ///< open now
  std::uint64_t streams = 0;          ///< of those, answers that go on
  std::uint64_t accepted = 0;         ///< since start
  std::uint64_t protocol_errors = 0;  ///< what was not HTTP, or too long in its head: refused before we saw a request
  std::uint64_t slow = 0;             ///< cut because a request was not complete in time
  std::uint64_t overlong = 0;         ///< cut because a body would not end
};

/// libmicrohttpd, driven by the thread that made it: wait for epoll_fd() or timeout_ms(), then run(). Its words end in server.cpp.
/// An answer that goes on (ByteStream) costs its connection while it has something to say; who hangs up meanwhile is noticed at once where
/// the network says so, and within 12 s of something said where it does not.
/// Limits: 512 connections (more wait unaccepted), and kMostStreams with answers that go on; 16 KiB of header, what BodyLimit says of body,
/// 15 s of silence, 30 s from one request's end (or the connection's begin) to the next one's.
class HttpServer {
 public:
  /// Takes a complete request under a number of its own. Returns the response, or nothing: then answer() gives it later.
  using OnRequest = std::function<std::optional<HttpResponse>(std::uint64_t number, const HttpRequest& request)>;
  /// How long the body may be of a request whose head has come.
  using BodyLimit = std::function<std::size_t(const HttpRequest& head)>;

  /// Takes the listener over. `tls`: what connections are shown, the newest each; null: plain HTTP. Errors: kUnavailable.
  static Result<std::unique_ptr<HttpServer>> start(const Listener& listener, const Clock& clock, OnRequest on_request, BodyLimit body_limit,
                                                   const Published<TlsPair>* tls = nullptr);
  /// Ends all connections; answer everything first and run() until drained().
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] int epoll_fd() const;
  /// How long run() may be put off when epoll_fd() stays silent, at most `longest_ms`.
  [[nodiscard]] int timeout_ms(int longest_ms) const;
  /// Does what can be done without waiting; calls on_request.
  void run();
  /// The response to a request that was left open. Unknown numbers are ignored. Not from within on_request.
  void answer(std::uint64_t number, HttpResponse response);
  /// The stream of that number has something again. Unknown numbers, and streams that are not at rest, are passed over.
  void wake(std::uint64_t number);
  /// True when no request is under way.
  [[nodiscard]] bool drained() const;
  [[nodiscard]] ServerCounts counts() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace capmap
