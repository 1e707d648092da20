#pragma once
#include <cstddef>
#include <cstdint>

namespace capmap {

/// Answers that go on may be open at a time, beside the connections that ask and are answered.
inline constexpr std::size_t kMostStreams = 2'500;

/// An answer that goes on: its bytes are fetched as the connection takes them. Of the http thread alone; nothing in it waits.
class ByteStream {
 public:
  ByteStream() = default;
  virtual ~ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// It goes out over the connection of that number; once.
  virtual void begun(std::uint64_t number) = 0;
  /// Puts at most so many bytes there. 0: there is nothing now, and HttpServer::wake() tells when there is.
  virtual std::size_t fill(char* to, std::size_t most) = 0;
  /// After a fill() that had nothing: that was all.
  [[nodiscard]] virtual bool over() const = 0;
  /// It has no end of its own: the connection is kept for as long as somebody listens. False: only too long to be sent as one.
  [[nodiscard]] virtual bool lasts() const { return true; }
  /// The connection is gone, or was never answered.
  virtual void ended() = 0;
};

}  // namespace capmap
