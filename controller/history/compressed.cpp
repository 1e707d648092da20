#include "controller/history/compressed.hpp"

#include <zstd.h>

#include "common/check.hpp"

namespace capmap {
namespace {

constexpr int kLevel = 6;

}  // namespace

std::string compressed(std::string_view bytes) {
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  const auto size = ZSTD_compress(frame.data(), frame.size(), bytes.data(), bytes.size(), kLevel);
  check(ZSTD_isError(size) == 0, "zstd does not compress into a frame of its own bound");
  frame.resize(size);
  return frame;
}

Result<std::string> uncompressed(std::string_view frame, std::size_t most) {
  const auto size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) return Error{ErrorCode::kMalformed, "no frame of zstd"};
  if (size > most) return Error{ErrorCode::kMalformed, "says it holds " + std::to_string(size) + " bytes: too many"};
  std::string bytes(size, '\0');
  const auto got = ZSTD_decompress(bytes.data(), bytes.size(), frame.data(), frame.size());
  if (ZSTD_isError(got) != 0 || got != size) return Error{ErrorCode::kMalformed, "a damaged frame of zstd"};
  return bytes;
}

}  // namespace capmap
