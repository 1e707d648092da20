#include "controller/http/server.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/address_range.hpp"
#include "common/check.hpp"
#include "controller/http/gzip_body.hpp"
#include "controller/http/server_native.hpp"

namespace capmap {
namespace {

constexpr unsigned kSilenceS = 15;
constexpr std::uint64_t kRequestMs = 30'000;
constexpr std::uint64_t kSweepEveryMs = 1'000;
constexpr std::size_t kHeaderBytes = 16'384;
constexpr unsigned kMostInAll = kMaxConnections + static_cast<unsigned>(kMostStreams);
constexpr std::size_t kMaxDroppedBytes = 2'097'152;  ///< of a body that is too large; so that its sender reads the 413
static_assert(kMaxDroppedBytes > kMaxLongBodyBytes);

std::string peer_of(MHD_Connection* connection) {
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  if (info == nullptr || info->client_addr == nullptr) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v6 = info->client_addr->sa_family == AF_INET6;
  const void* const bytes = v6 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(info->client_addr)->sin6_addr)
                               : &reinterpret_cast<const sockaddr_in*>(info->client_addr)->sin_addr;
  return inet_ntop(v6 ? AF_INET6 : AF_INET, bytes, text.data(), text.size()) == nullptr ? std::string() : plain_address(text.data());
}

int fd_of(MHD_Connection* connection) {
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info == nullptr ? -1 : info->connect_fd;
}

MHD_Result add_header(void* target, MHD_ValueKind, const char* name, const char* value) {
  std::string key(name);
  std::transform(key.begin(), key.end(), key.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  static_cast<HttpRequest*>(target)->headers.emplace_back(std::move(key), value == nullptr ? "" : value);
  return MHD_YES;
}

}  // namespace

MHD_Result HttpServer::State::send(Exchange& exchange, const HttpResponse& content) {
  if (content.stream) return begin_stream(exchange, content);
  // Of answers to changes, which may hold secrets, nothing is to be told by their length.
  const bool reads = exchange.request.method == "GET" && content.status == 200;
  if (reads && takes_gzip(header(exchange.request, "accept-encoding").value_or(""))) {
    if (const auto packed = gzipped(content); packed.stream) return begin_stream(exchange, packed);
  }
  // The library does not write to it; the parameter is not const for historical reasons.
  auto* const body = const_cast<char*>(content.body.data());
  MHD_Response* response = MHD_create_response_from_buffer(content.body.size(), body, MHD_RESPMEM_MUST_COPY);
  return queue(exchange, response, content);
}

MHD_Result HttpServer::State::queue(const Exchange& exchange, MHD_Response* response, const HttpResponse& content) {
  if (response == nullptr) return MHD_NO;
  for (const auto& [name, value] : content.headers) MHD_add_response_header(response, name.c_str(), value.c_str());
  const auto queued = MHD_queue_response(exchange.connection, static_cast<unsigned>(content.status), response);
  MHD_destroy_response(response);
  return queued;
}

void* HttpServer::State::on_first_line(void* self, const char* uri, MHD_Connection* connection) {
  auto& state = *static_cast<State*>(self);
  auto exchange = std::make_unique<Exchange>();
  exchange->number = ++state.last_number;
  exchange->connection = connection;
  exchange->request.target = uri;
  auto* const pointer = exchange.get();
  state.exchanges.emplace(pointer->number, std::move(exchange));
  return pointer;
}

MHD_Result HttpServer::State::on_access(void* self, MHD_Connection*, const char*, const char* method, const char* version, const char* data,
                                        std::size_t* size, void** exchange) {
  check(*exchange != nullptr, "a request without its first line");
  return static_cast<State*>(self)->take(*static_cast<Exchange*>(*exchange), method, version, data, size);
}

void HttpServer::State::on_end(void* self, MHD_Connection* connection, void** exchange, MHD_RequestTerminationCode) {
  auto& state = *static_cast<State*>(self);
  if (*exchange != nullptr) {
    auto& ended = *static_cast<Exchange*>(*exchange);
    state.end_stream(ended);
    state.exchanges.erase(ended.number);
  }
  *exchange = nullptr;
  if (const auto found = state.connections.find(connection); found != state.connections.end()) {
    found->second.since_ms = state.clock.boot_ms();
  }
}

void HttpServer::State::on_connection(void* self, MHD_Connection* connection, void** context, MHD_ConnectionNotificationCode code) {
  auto& state = *static_cast<State*>(self);
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    ++state.counts.accepted;
    state.connections[connection] = {.fd = fd_of(connection), .since_ms = state.clock.boot_ms(), .cut = false};
    *context = self;
  } else {
    state.connections.erase(connection);  // its stream has ended before
  }
}

/// The library says in words what it refused before a request came to us.
void HttpServer::State::on_log(void* self, const char*, va_list) {
  ++static_cast<State*>(self)->counts.protocol_errors;
}

/// libmicrohttpd keeps its connection in GnuTLS's session, and us in its connection.
int HttpServer::State::on_handshake(gnutls_session_t session, const gnutls_datum_t*, int, const gnutls_pk_algorithm_t*, int,
                                    gnutls_pcert_st** chain, unsigned* count, gnutls_privkey_t* key) {
  auto* const connection = static_cast<MHD_Connection*>(gnutls_session_get_ptr(session));
  if (connection == nullptr) return -1;
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  if (info == nullptr || info->socket_context == nullptr) return -1;
  auto& state = *static_cast<State*>(info->socket_context);
  const auto found = state.connections.find(connection);
  if (found == state.connections.end()) return -1;
  found->second.pair = state.tls->take();
  if (!found->second.pair) return -1;
  auto& native = found->second.pair->native();
  *chain = native.chain.data();
  *count = static_cast<unsigned>(native.chain.size());
  *key = native.key;
  return 0;
}

MHD_Result HttpServer::State::take(Exchange& exchange, const char* method, const char* version, const char* data, std::size_t* size) {
  if (exchange.response) return send(exchange, *exchange.response);
  if (!exchange.begun) return take_head(exchange, method, version);
  if (*size != 0) {
    const std::size_t taken = std::exchange(*size, 0);
    return take_body(exchange, data, taken);
  }
  return exchange.asked ? MHD_YES : ask(exchange);
}

MHD_Result HttpServer::State::take_head(Exchange& exchange, const char* method, const char* version) {
  exchange.begun = true;
  exchange.request.method = method;
  exchange.request.version = version;
  exchange.request.peer = peer_of(exchange.connection);
  MHD_get_connection_values(exchange.connection, MHD_HEADER_KIND, add_header, &exchange.request);
  exchange.most_body_bytes = body_limit(exchange.request);
  const auto length = header(exchange.request, "content-length").value_or("");
  const auto most = std::to_string(std::max(exchange.most_body_bytes, kMaxDroppedBytes));
  const bool hopeless = length.size() > most.size() || (length.size() == most.size() && length > most);
  if (!hopeless) return MHD_YES;
  exchange.request.body_too_large = true;
  return ask(exchange);
}

MHD_Result HttpServer::State::take_body(Exchange& exchange, const char* data, std::size_t size) {
  exchange.body_bytes += size;
  if (exchange.body_bytes > std::max(exchange.most_body_bytes, kMaxDroppedBytes)) {
    ++counts.overlong;
    return MHD_NO;
  }
  if (exchange.body_bytes > exchange.most_body_bytes) {
    exchange.request.body_too_large = true;
    exchange.request.body = {};
  } else {
    exchange.request.body.append(data, size);
  }
  return MHD_YES;
}

MHD_Result HttpServer::State::ask(Exchange& exchange) {
  exchange.asked = true;
  if (const auto response = on_request(exchange.number, exchange.request)) return send(exchange, *response);
  MHD_suspend_connection(exchange.connection);
  return MHD_YES;
}

/// Silence alone is ended by the library; this ends senders that stay just busy enough.
void HttpServer::State::cut_slow_ones() {
  const auto now_ms = clock.boot_ms();
  if (now_ms < swept_at_ms + kSweepEveryMs) return;
  swept_at_ms = now_ms;
  for (auto& [connection, entry] : connections) {
    if (entry.cut || entry.streams || now_ms < entry.since_ms + kRequestMs) continue;
    entry.cut = true;
    ++counts.slow;
    shutdown(entry.fd, SHUT_RDWR);
  }
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  MHD_stop_daemon(state_->daemon);
  for (const int fd : {state_->listener_fd, state_->hangups_fd, state_->all_fd}) {
    if (fd >= 0) close(fd);
  }
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const Listener& listener, const Clock& clock, OnRequest on_request,
                                                      BodyLimit body_limit, const Published<TlsPair>* tls) {
  auto state = std::make_unique<State>(clock, std::move(on_request), std::move(body_limit));
  auto* const self = state.get();
  state->tls = tls;
  const unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                         (tls == nullptr ? 0U : unsigned{MHD_USE_TLS});
  if (tls != nullptr && MHD_is_feature_supported(MHD_FEATURE_HTTPS_CERT_CALLBACK) != MHD_YES) {
    return Error{ErrorCode::kUnavailable, "http: this libmicrohttpd was built without TLS; install one that has GnuTLS"};
  }
  // Of TLS 1.2 only what is left of it in TLS 1.3's spirit: ephemeral keys, authenticated ciphers.
  constexpr const char* kPriorities =
      "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-AES-128-CBC:-AES-256-CBC:-AES-128-CCM:-AES-256-CCM";
  std::array<MHD_OptionItem, 3> secure = {{{MHD_OPTION_END, 0, nullptr}, {MHD_OPTION_END, 0, nullptr}, {MHD_OPTION_END, 0, nullptr}}};
  if (tls != nullptr) {
    secure[0] = {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, reinterpret_cast<void*>(&State::on_handshake)};
    secure[1] = {MHD_OPTION_HTTPS_PRIORITIES, 0, const_cast<char*>(kPriorities)};
  }
  state->daemon = MHD_start_daemon(flags, 0, nullptr, nullptr, &State::on_access, self,        //
                                   MHD_OPTION_EXTERNAL_LOGGER, &State::on_log, self,           //
                                   MHD_OPTION_CONNECTION_LIMIT, kMostInAll,                    //
                                   MHD_OPTION_CONNECTION_TIMEOUT, kSilenceS,                   //
                                   MHD_OPTION_CONNECTION_MEMORY_LIMIT, kHeaderBytes,           //
                                   MHD_OPTION_URI_LOG_CALLBACK, &State::on_first_line, self,   //
                                   MHD_OPTION_NOTIFY_COMPLETED, &State::on_end, self,          //
                                   MHD_OPTION_NOTIFY_CONNECTION, &State::on_connection, self,  //
                                   MHD_OPTION_ARRAY, secure.data(), MHD_OPTION_END);
  if (state->daemon == nullptr || !state->open_gates(listener.fd)) {
    return Error{ErrorCode::kUnavailable, "http: libmicrohttpd could not be started"};
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

int HttpServer::epoll_fd() const {
  return state_->all_fd;
}

int HttpServer::timeout_ms(int longest_ms) const {
  MHD_UNSIGNED_LONG_LONG wanted_ms = 0;
  if (const auto now_ms = state_->clock.boot_ms(); !state_->listening && now_ms < state_->no_more_until_ms) {
    longest_ms = std::min(longest_ms, static_cast<int>(state_->no_more_until_ms - now_ms));
  }
  if (MHD_get_timeout(state_->daemon, &wanted_ms) != MHD_YES) return longest_ms;
  return static_cast<int>(std::min<MHD_UNSIGNED_LONG_LONG>(wanted_ms, static_cast<unsigned>(longest_ms)));
}

void HttpServer::run() {
  state_->let_in();
  state_->look_at_hangups();
  MHD_run(state_->daemon);
  state_->cut_slow_ones();
}

void HttpServer::answer(std::uint64_t number, HttpResponse response) {
  const auto found = state_->exchanges.find(number);
  if (found == state_->exchanges.end() || !found->second->asked || found->second->response) return;
  found->second->response = std::move(response);
  MHD_resume_connection(found->second->connection);
}

void HttpServer::wake(std::uint64_t number) {
  state_->wake(number);
}

bool HttpServer::drained() const {
  return state_->exchanges.empty();
}

ServerCounts HttpServer::counts() const {
  ServerCounts counts = state_->counts;
  counts.connections = state_->connections.size();
  counts.streams = state_->streaming;
  return counts;
}

}  // namespace capmap
