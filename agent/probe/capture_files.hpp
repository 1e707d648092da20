#pragma once
#include <map>
#include <string>

#include "common/host_root.hpp"

namespace capmap {

/// One thing of a captured machine.
struct CapturedEntry {
  enum class Kind : unsigned char { kFolder, kFile, kLink };
  Kind kind = Kind::kFolder;
  std::string text;     ///< a file's content, a link's target
  bool denied = false;  ///< a file that could not be read here shall not be readable there either
  bool operator==(const CapturedEntry&) const = default;
};

/// By path below the root, without a leading slash; every path is free of links, which stand as entries of their own.
using CapturedFiles = std::map<std::string, CapturedEntry>;

/// Everything that `reads` asked for, such that a HostRoot over the unpacked files answers the same: contents, names in folders, link
/// targets, what is there and what is not. What could not be read for another reason than rights is left out.
///
/// Thread: any. Cost: reads all of it once more.
CapturedFiles collect_files(const HostRoot& root, const HostReads& reads);

}  // namespace capmap
