#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/probe/words.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// A mounted file system that keeps data: on a local disk, or on another machine.
struct MountedFileSystem {
  std::string source;  ///< "/dev/sda1", a ZFS data set; of a network file system its shared_name() (agent/mountinfo.hpp) where it has one
  std::string type, mount;
  std::optional<std::uint64_t> size_bytes, free_bytes;  ///< free also for those who may take what is kept back
  bool remote = false;
  bool operator==(const MountedFileSystem&) const = default;
};

/// File systems of this machine, each once however often and in how many pieces it is mounted: [file system], local ones first, then by
/// source and mount point; at most 1,024.
///
/// Source:   <root>/proc/self/mountinfo, asked for past the notes of what was read (it names people and servers, so no capture carries
///           it); statvfs of local ones, on the running machine alone. Network ones have no sizes here (see ask_network_sizes). Left out:
///           what lives in memory, images, and FUSE whose source names no other machine.
/// Problems: mountinfo not readable.
/// Thread:   any; a hung local disk holds the caller.
Probed<std::vector<MountedFileSystem>> list_file_systems(const HostRoot& root);

/// Fills in sizes of network file systems from one run of `program` mounts, which may hang in their place: the others keep their sizes.
/// Problems: what the run says, and a run that does not end. Cost: nothing where none is mounted; at most five seconds.
std::vector<Problem> ask_network_sizes(const std::string& program, std::vector<MountedFileSystem>& systems);

}  // namespace capmap
