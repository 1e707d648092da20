#include "agent/small_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace capmap {

Result<Done> replace_file(const std::string& path, const std::string& text) {
  const std::string draft = path + ".new";
  std::FILE* file = std::fopen(draft.c_str(), "we");
  bool good = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file != nullptr) good = std::fclose(file) == 0 && good;
  if (good && std::rename(draft.c_str(), path.c_str()) == 0) return Done{};
  const auto code = errno == EACCES || errno == EPERM || errno == EROFS ? ErrorCode::kDenied
                    : errno == ENOSPC                                   ? ErrorCode::kFull
                                                                        : ErrorCode::kUnavailable;
  return Error{code, path + ": " + std::strerror(errno)};
}

}  // namespace capmap
