#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/result.hpp"
#include "controller/requests.hpp"

namespace capmap {

/// HTTP as the resources see it: plain values, no library.

using TextPairs = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::size_t kMaxBodyBytes = 65'536;         ///< where a route does not say otherwise
inline constexpr std::size_t kMaxLongBodyBytes = 1'048'576;  ///< of a route that takes a list or tables, from who may change something
inline constexpr std::size_t kMaxImportBytes = 33'554'432;   ///< an import, likewise

struct HttpRequest {
  std::string method;           ///< "GET", as sent
  std::string target;           ///< path and query as sent, still escaped
  std::string version;          ///< "HTTP/1.1"
  TextPairs headers;            ///< names in lower case, in the order sent
  std::string body;             ///< at most what the route takes
  bool body_too_large = false;  ///< there was more; the body is not complete
  std::string peer{};           ///< address at the other end of the connection
};

/// First header of that lower-case name; absent when there is none.
inline std::optional<std::string_view> header(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

class ByteStream;

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  TextPairs headers;
  std::shared_ptr<ByteStream> stream{};  ///< not null: instead of the body
};

/// What came back on a question to another thread; an Error when nothing did: kTimeout (asked, no answer yet), kUnavailable (not asked).
using Answer = std::variant<Error, NodeAnswer, AdminAnswer, HistoryAnswer, PasswordDone, SqlDone>;
/// To whom a question can be put.
using Question = std::variant<NodeQuery, AdminRequest, HistoryRequest, PasswordJob, SqlJob>;

struct Outcome;
/// Goes on with the answer. May be called again with a late answer after it was called with kTimeout: nobody waits for that result any
/// more, but what is remembered is remembered.
using Continue = std::function<Outcome(const Answer&)>;

/// A question to another thread. The ticket in it is set by who asks.
struct Ask {
  Question question;
  Continue then;
  std::uint64_t limit_ms = 5'000;  ///< the other thread has so long to answer
};

/// What a resource says to a request: the response, or a question whose answer will make it.
struct Outcome {
  std::variant<HttpResponse, Ask> what;
  Outcome(HttpResponse response) : what(std::move(response)) {}  // NOLINT(google-explicit-constructor)
  Outcome(Ask ask) : what(std::move(ask)) {}                     // NOLINT(google-explicit-constructor)
};

}  // namespace capmap
