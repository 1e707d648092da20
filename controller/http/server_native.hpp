#pragma once
// Of server.cpp and server_streams.cpp alone: libmicrohttpd's words end there.
#include <microhttpd.h>
#include <sys/socket.h>

#include <cstdarg>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>

#include "controller/http/byte_stream.hpp"
#include "controller/http/server.hpp"
#include "controller/http/spare_descriptors.hpp"
#include "controller/tls/tls_native.hpp"

namespace capmap {

inline constexpr unsigned kMaxConnections = 512;      ///< that ask and are answered; those of streams come on top
inline constexpr std::size_t kSpareDescriptors = 32;  ///< an attacker on the message port leaves none free for long

/// One request from its first line to its last byte out.
struct Exchange {
  std::uint64_t number = 0;
  MHD_Connection* connection = nullptr;
  HttpRequest request;
  std::size_t body_bytes = 0, most_body_bytes = kMaxBodyBytes;
  bool begun = false, asked = false;
  std::optional<HttpResponse> response;
  std::shared_ptr<ByteStream> stream{};  ///< what goes out now, bit by bit
  bool resting = false;                  ///< the stream has nothing: the connection is suspended
  bool gone = false;                     ///< who watched has hung up
};

struct Connection {
  int fd = -1;
  std::uint64_t since_ms = 0;  ///< accepted, or its last request ended
  bool cut = false;
  bool streams = false;                   ///< an answer that goes on is on its way: it may take as long as it likes
  std::shared_ptr<const TlsPair> pair{};  ///< what it was shown: GnuTLS borrows it while the connection lasts
};

struct HttpServer::State {
  State(const Clock& the_clock, OnRequest take_request, BodyLimit limit_body)
      : clock(the_clock), on_request(std::move(take_request)), body_limit(std::move(limit_body)) {}

  const Clock& clock;
  OnRequest on_request;
  BodyLimit body_limit;
  const Published<TlsPair>* tls = nullptr;
  MHD_Daemon* daemon = nullptr;
  std::uint64_t last_number = 0, swept_at_ms = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<Exchange>> exchanges;
  std::unordered_map<MHD_Connection*, Connection> connections;
  ServerCounts counts;
  int listener_fd = -1, all_fd = -1, hangups_fd = -1;  ///< all_fd: epoll of the daemon's, of hangups_fd and of the listener
  bool listening = false;                              ///< the listener is among all_fd's
  std::uint64_t no_more_until_ms = 0;                  ///< there was no descriptor left
  SpareDescriptors spares{kSpareDescriptors};
  std::size_t streaming = 0;

  MHD_Result take(Exchange& exchange, const char* method, const char* version, const char* data, std::size_t* size);
  MHD_Result take_head(Exchange& exchange, const char* method, const char* version);
  MHD_Result take_body(Exchange& exchange, const char* data, std::size_t size);
  MHD_Result ask(Exchange& exchange);
  MHD_Result send(Exchange& exchange, const HttpResponse& content);
  static MHD_Result queue(const Exchange& exchange, MHD_Response* response, const HttpResponse& content);
  void cut_slow_ones();

  // Connections come in, and answers that go on; see server_streams.cpp.
  [[nodiscard]] bool open_gates(int listener);
  void let_in();
  int accept_one(sockaddr_storage& peer, socklen_t& size);
  void watch_listener(bool on);
  [[nodiscard]] std::size_t plain_connections() const { return connections.size() - streaming; }
  MHD_Result begin_stream(Exchange& exchange, const HttpResponse& content);
  void end_stream(Exchange& exchange);
  void wake(std::uint64_t number);
  void look_at_hangups();
  static ssize_t on_fill(void* exchange, std::uint64_t position, char* to, std::size_t most);

  static void* on_first_line(void* self, const char* uri, MHD_Connection* connection);
  static MHD_Result on_access(void* self, MHD_Connection*, const char*, const char* method, const char* version, const char* data,
                              std::size_t* size, void** exchange);
  static void on_end(void* self, MHD_Connection* connection, void** exchange, MHD_RequestTerminationCode);
  static void on_connection(void* self, MHD_Connection* connection, void**, MHD_ConnectionNotificationCode code);
  static void on_log(void* self, const char*, va_list);
  static int on_handshake(gnutls_session_t session, const gnutls_datum_t*, int, const gnutls_pk_algorithm_t*, int, gnutls_pcert_st** chain,
                          unsigned* count, gnutls_privkey_t* key);
};

}  // namespace capmap
