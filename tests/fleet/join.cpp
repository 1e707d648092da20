// Letting simulated servers in, and keeping their keys between runs.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <span>
#include <thread>
#include <utility>

#include "common/codec.hpp"
#include "common/join_token.hpp"
#include "tests/fleet/fleet.hpp"

namespace capmap::fleet {
namespace {

constexpr std::uint32_t kJoinsAtOnce = 64;
constexpr int kJoinPatienceMs = 20'000;

std::span<const std::byte> bytes_of(const zmq::message_t& message) {
  return {static_cast<const std::byte*>(message.data()), message.size()};
}

Result<Done> join_some(zmq::context_t& context, std::span<const JoinToken> tokens, std::span<const CurveKeys> keys, std::uint32_t first) {
  std::vector<zmq::socket_t> sockets;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto& token = tokens[i];
    auto dealer = open_dealer(
        context, {.endpoint = tcp_endpoint(token.host, token.enrol_port), .server_public_key = token.server_public_key, .keys = keys[i]});
    if (!dealer) return dealer.error();
    const Join join{.token_secret = token.secret, .hostname = "sim-" + std::to_string(first + i), .public_key = keys[i].public_key};
    if (auto sent = send(*dealer, encode(join)); !sent) return sent;
    sockets.push_back(std::move(*dealer));
  }
  std::vector<std::size_t> asking(sockets.size()), later;
  for (std::size_t i = 0; i < asking.size(); ++i) asking[i] = i;
  for (; !asking.empty(); asking = std::exchange(later, {})) {
    std::uint32_t wait_s = 0;
    for (const auto i : asking) {
      auto answer = receive(sockets[i], kJoinPatienceMs);
      if (!answer) return Error{answer.error().code, "joining at " + tokens[0].host + ": " + answer.error().what};
      const auto joined = decode_joined(bytes_of(*answer));
      if (!joined) return joined.error();
      if (!joined->accepted && joined->retry_after_s == 0) return Error{ErrorCode::kDenied, joined->reason};
      wait_s = std::max(wait_s, joined->retry_after_s);
      if (!joined->accepted) later.push_back(i);
    }
    if (!later.empty()) std::this_thread::sleep_for(std::chrono::seconds(wait_s));
    for (const auto i : later) {
      const Join again{.token_secret = tokens[i].secret, .hostname = "sim-" + std::to_string(first + i), .public_key = keys[i].public_key};
      if (auto sent = send(sockets[i], encode(again)); !sent) return sent;
    }
  }
  return Done{};
}

}  // namespace

zmq::context_t make_context(std::uint32_t sockets) {
  zmq::context_t context(1);
  context.set(zmq::ctxopt::max_sockets, static_cast<int>(sockets + 16));
  return context;
}

Result<std::vector<CurveKeys>> join_all(const std::vector<std::string>& tokens, std::uint32_t number) {
  std::vector<JoinToken> parsed;
  for (const auto& text : tokens) {
    auto token = parse_join_token(text);
    if (!token) return token.error();
    parsed.push_back(std::move(*token));
  }
  const auto count = static_cast<std::uint32_t>(tokens.size());
  std::vector<CurveKeys> keys(count);
  std::generate(keys.begin(), keys.end(), make_curve_keys);
  auto context = make_context(count);  // a closed socket keeps its place until libzmq has reaped it
  for (std::uint32_t first = 0; first < count; first += kJoinsAtOnce) {
    const auto some = std::min(kJoinsAtOnce, count - first);
    if (auto joined = join_some(context, std::span(parsed).subspan(first, some), std::span(keys).subspan(first, some), number + first);
        !joined) {
      return joined.error();
    }
  }
  return keys;
}

Result<std::vector<CurveKeys>> load_keys(const std::string& path) {
  std::ifstream in(path);
  if (!in) return Error{ErrorCode::kAbsent, path + ": cannot be read"};
  std::vector<CurveKeys> keys;
  for (std::string line; std::getline(in, line);) {
    const auto public_key = curve_public_of(line);
    if (!public_key) return Error{ErrorCode::kMalformed, path + ":" + std::to_string(keys.size() + 1) + ": " + public_key.error().what};
    keys.push_back({*public_key, line});
  }
  return keys;
}

Result<Done> save_keys(const std::string& path, const std::vector<CurveKeys>& keys) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return Error{ErrorCode::kUnavailable, path + ": " + std::strerror(errno)};
  std::string text;
  for (const auto& key : keys) text += key.secret_key + "\n";
  const bool whole = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  if (!whole) return Error{ErrorCode::kFull, path + ": could not be written whole"};
  return Done{};
}

}  // namespace capmap::fleet
