#pragma once
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace capmap {

/// The paths a HostRoot was asked for, whatever came of it: what a capture of the machine has to carry.
struct HostReads {
  std::set<std::string> files, folders, links, looked_for;
};

/// Reads small files below a root directory, so that /proc and /sys can be a captured machine.
/// Paths are relative, without a leading slash ("proc/meminfo"); errors name them so. Thread: any; no state but the root's name.
class HostRoot {
 public:
  /// With `reads`, every path asked for is noted there; it must outlive this and every copy, and then only one thread may read.
  explicit HostRoot(std::string root = "/", HostReads* reads = nullptr);

  [[nodiscard]] const std::string& path() const { return root_; }
  /// True when this is the running machine ("/"), so that system calls may complete what files say.
  [[nodiscard]] bool live() const { return root_ == "/"; }

  /// Whole text of a small file. Errors: kAbsent, kDenied (EACCES, EPERM), kFull (over max_bytes), kUnavailable (EIO, ENODEV, ...).
  /// Never blocks on a FIFO or device: only regular files are opened.
  [[nodiscard]] Result<std::string> read(std::string_view path, std::size_t max_bytes = 1 << 20) const;
  /// First line without its end and surrounding blanks. Errors as read; kMalformed when the file is empty.
  [[nodiscard]] Result<std::string> read_line(std::string_view path) const;
  /// A decimal (or 0x...) number that fills the line. Errors as read_line; kMalformed naming the file and what stands there.
  [[nodiscard]] Result<std::uint64_t> read_u64(std::string_view path) const;
  /// Names in a directory, sorted, without "." and ".."; at most max_entries. Errors: kAbsent, kDenied, kFull.
  [[nodiscard]] Result<std::vector<std::string>> list(std::string_view path, std::size_t max_entries = 65'536) const;
  [[nodiscard]] bool exists(std::string_view path) const;
  /// Last component of a symbolic link's target ("../../bus/pci/drivers/nvidia" -> "nvidia"). Errors: kAbsent, kMalformed.
  [[nodiscard]] Result<std::string> link_name(std::string_view path) const;
  /// Whole target text of a symbolic link. Errors: kAbsent, kMalformed (not a link).
  [[nodiscard]] Result<std::string> link_target(std::string_view path) const;

 private:
  std::string root_;  ///< with a trailing slash
  HostReads* reads_ = nullptr;
};

/// "0-3,8,10-11" -> count of numbers in a kernel cpu or node list; empty text is 0. Errors: kMalformed; at most 65,536 numbers.
Result<std::vector<unsigned>> parse_kernel_list(std::string_view text);

}  // namespace capmap
