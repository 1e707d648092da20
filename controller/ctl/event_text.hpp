#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controller/ctl/api.hpp"

namespace capmap {

/// One message of an event stream.
struct StreamMessage {
  std::string id, kind;
  std::string data;  ///< JSON
};

/// Takes an event stream apart as the HTML standard says; bytes come in any portions. What is no message (pings) is passed over.
class StreamReader {
 public:
  static constexpr std::size_t kMostBytes = 1 << 20;  ///< of one message
  /// The messages that are complete now. Errors: kFull (one is longer than any of ours).
  Result<std::vector<StreamMessage>> take(std::string_view bytes);

 private:
  void take_line(std::string_view line, std::vector<StreamMessage>& done);
  std::string rest_, id_;
  StreamMessage next_;
};

/// A message as one line for people; empty: it is nothing for them.. Pure.
std::string event_line(const StreamMessage& message);

}  // namespace capmap
