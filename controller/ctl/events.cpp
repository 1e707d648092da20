#include "controller/ctl/events.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "common/ids.hpp"
#include "controller/ctl/event_text.hpp"
#include "controller/ctl/http_client.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kFirstPauseMs = 1'000, kMostPauseMs = 30'000;

std::string path_of(const EventsRequest& request, const std::string& since) {
  std::string path = "/v1/events?follow=" + std::string(request.follow ? "true" : "false");
  for (const auto& [name, value] :
       {std::pair{"kind", &request.kinds}, {"site", &request.site}, {"region", &request.region}, {"since", &since}}) {
    if (!value->empty()) path += "&" + std::string(name) + "=" + url_escaped(*value);
  }
  return path;
}

/// Goes away by itself, or with time.
bool may_pass(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kTimeout;
}

class Follower {
 public:
  Follower(const Screen& screen, const EventsRequest& request) : screen_(screen), request_(request), last_(request.since) {
    if (last_.empty() && !request.follow) last_ = "oldest";
  }

  Result<Done> run(const ApiConnection& connection) {
    for (;;) {
      reader_ = {};
      const auto done = api_get_stream(connection, path_of(request_, last_), [this](std::string_view bytes) { return take(bytes); });
      if (broken_) return *broken_;
      if (!request_.follow) return done;
      // Before the first word it is an error like any other's.
      if (!done && (!may_pass(done.error()) || !begun_)) return done;
      pause(done ? "the controller ended it" : done.error().what);
    }
  }

 private:
  bool take(std::string_view bytes) {
    const auto messages = reader_.take(bytes);
    if (!messages) {
      broken_ = messages.error();
      return false;
    }
    for (const auto& message : *messages) show(message);
    screen_.out.flush();
    return static_cast<bool>(screen_.out);
  }

  void show(const StreamMessage& message) {
    begun_ = true;
    pause_ms_ = kFirstPauseMs;
    if (!message.id.empty()) last_ = message.id;
    if (screen_.json) {
      screen_.out << message.data << "\n";
      return;
    }
    // What is now is of interest where one watches on; after a pause nobody asked for it.
    const bool shown = message.kind != "snapshot" || (request_.follow && !std::exchange(greeted_, true));
    if (const auto line = event_line(message); shown && !line.empty()) screen_.out << printable(line) << "\n";
  }

  void pause(const std::string& why) {
    if (!screen_.json) {
      screen_.out << "-- " << printable(why) << ": asking again in " << (pause_ms_ + 999) / 1'000 << " s\n";
      screen_.out.flush();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms_ / 2 + random_u64() % (pause_ms_ / 2 + 1)));
    pause_ms_ = std::min(pause_ms_ * 2, kMostPauseMs);
  }

  const Screen& screen_;
  const EventsRequest& request_;
  StreamReader reader_;
  std::string last_;
  std::optional<Error> broken_;
  std::uint64_t pause_ms_ = kFirstPauseMs;
  bool begun_ = false, greeted_ = false;
};

}  // namespace

Result<Done> show_events(const ApiConnection& connection, const Screen& screen, const EventsRequest& request) {
  return Follower(screen, request).run(connection);
}

}  // namespace capmap
