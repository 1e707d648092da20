#pragma once
#include <functional>
#include <string>

#include "agent/probe/capture_files.hpp"
#include "common/result.hpp"

namespace capmap {

/// Writes a tar archive compressed with zstd: all of it or nothing, by way of a temporary file beside it and a rename. The same files make
/// the same bytes. `progress(done, all)` is called after each entry.
/// Errors: kFull (exists already and `replace` is false, or no space), kDenied, kAbsent (no such folder), kUnavailable.
Result<Done> write_archive(const std::string& path, const CapturedFiles& files, bool replace,
                           const std::function<void(std::size_t, std::size_t)>& progress);

}  // namespace capmap
