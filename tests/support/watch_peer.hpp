#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/http_peer.hpp"

namespace capmap::support {

/// One message of an event stream.
struct Told {
  std::string id, kind;
  nlohmann::json data;
};

/// Takes an event stream apart: chunks of HTTP/1.1, then frames. Bytes may come in any portions.
class WatchText {
 public:
  void take(std::string_view bytes) {
    wire_ += bytes;
    if (!head_) {
      const auto end = wire_.find("\r\n\r\n");
      if (end == std::string::npos) return;
      head_ = parse_reply(wire_.substr(0, end + 4));
      wire_.erase(0, end + 4);
    }
    for (;;) {
      const auto line = wire_.find("\r\n");
      if (line == std::string::npos) return;
      const auto length = std::stoul(wire_.substr(0, line), nullptr, 16);
      if (wire_.size() < line + 2 + length + 2) return;
      text_ += wire_.substr(line + 2, length);
      wire_.erase(0, line + 2 + length + 2);
      if (length == 0) over_ = true;
      take_frames();
    }
  }
  [[nodiscard]] const std::optional<Reply>& head() const { return head_; }
  /// The last chunk has come.
  [[nodiscard]] bool over() const { return over_; }
  std::vector<Told> told;
  std::size_t pings = 0;

 private:
  void take_frames() {
    for (auto end = text_.find("\n\n"); end != std::string::npos; end = text_.find("\n\n")) {
      Told one;
      std::string rest = text_.substr(0, end + 1);
      text_.erase(0, end + 2);
      while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.erase(0, line.size() + 1);
        if (line.starts_with("id: ")) one.id = line.substr(4);
        if (line.starts_with("event: ")) one.kind = line.substr(7);
        if (line.starts_with("data: ")) one.data = nlohmann::json::parse(line.substr(6));
        if (line == ": ping") ++pings;
      }
      if (!one.kind.empty()) told.push_back(std::move(one));
    }
  }
  std::string wire_, text_;
  std::optional<Reply> head_;
  bool over_ = false;
};

/// Somebody who watches /v1/events over plain HTTP.
class WatchPeer {
 public:
  /// `headers`: whole lines, each with its CRLF.
  explicit WatchPeer(std::uint16_t port, const std::string& query = {}, const std::string& headers = {}) : peer_(port) {
    peer_.say("GET /v1/events" + query + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
  }
  /// Listens until there are so many messages in all, the stream is over, or nothing comes for limit_ms.
  std::vector<Told>& hear(std::size_t enough, int limit_ms = 10'000) {
    while (text_.told.size() < enough && !text_.over() && take(limit_ms)) continue;
    return text_.told;
  }
  /// Listens until a message of that kind has come beyond those that were there; null: none came.
  const Told* hear_kind(const std::string& kind, int limit_ms = 10'000) {
    for (;;) {
      for (; seen_ < text_.told.size(); ++seen_) {
        if (text_.told[seen_].kind == kind) return &text_.told[seen_++];
      }
      if (text_.over() || !take(limit_ms)) return nullptr;
    }
  }
  bool hear_ping(std::size_t enough = 1, int limit_ms = 10'000) {
    while (text_.pings < enough && take(limit_ms)) continue;
    return text_.pings >= enough;
  }
  /// Listens until the stream has ended in good order, or the connection is closed.
  bool hear_end(int limit_ms = 10'000) {
    while (!text_.over() && take(limit_ms)) continue;
    return text_.over() || peer_.closed();
  }
  [[nodiscard]] int status(int limit_ms = 10'000) {
    while (!text_.head() && take(limit_ms)) continue;
    return text_.head() ? text_.head()->status : 0;
  }
  [[nodiscard]] std::string header_of(const std::string& name) const {
    const auto& headers = text_.head()->headers;
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
  [[nodiscard]] std::vector<Told>& told() { return text_.told; }
  [[nodiscard]] std::vector<std::string> kinds() const {
    std::vector<std::string> words;
    for (const auto& one : text_.told) words.push_back(one.kind);
    return words;
  }

 private:
  bool take(int limit_ms) {
    const auto bytes = peer_.hear(1, limit_ms);
    text_.take(bytes);
    return !bytes.empty();
  }
  Peer peer_;
  WatchText text_;
  std::size_t seen_ = 0;
};

}  // namespace capmap::support
