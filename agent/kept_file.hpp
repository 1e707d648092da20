#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "common/host_root.hpp"
#include "common/result.hpp"

namespace capmap {

/// A small kernel file that is read each tick: on the running machine it stays open, so that a tick costs no path look-up, and its text
/// lands in a buffer that is used again (a captured machine's file is read anew). Owns a descriptor. One thread.
class KeptFile {
 public:
  /// `path` as HostRoot takes it ("proc/stat").
  explicit KeptFile(std::string path) : path_(std::move(path)) {}
  ~KeptFile();
  KeptFile(const KeptFile&) = delete;
  KeptFile& operator=(const KeptFile&) = delete;

  /// The whole text, valid until the next read. Errors: those of HostRoot::read; the file is opened anew the next time.
  Result<std::string_view> read(const HostRoot& root);

 private:
  Result<std::string_view> read_open();
  void close_file();

  std::string path_;
  std::string text_;
  int fd_ = -1;
};

}  // namespace capmap
