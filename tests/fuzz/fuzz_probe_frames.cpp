// What capmap-probe prints into the agent's reader of it.
#include <cstddef>
#include <cstdint>
#include <span>

#include "agent/probe_frames.hpp"
#include "common/check.hpp"

using namespace capmap;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto first = read_probe_frames({reinterpret_cast<const std::byte*>(data), size});
  if (!first) {
    check(first.error().code == ErrorCode::kMalformed && !first.error().what.empty(), "frames were refused without a reason");
    return 0;
  }
  const auto second = read_probe_frames(write_probe_frames(first->first, first->second));
  if (!second) return 0;  // names that share bytes in the buffer may not fit a message when written out
  check(second->second == first->second && second->first.disk_names == first->first.disk_names, "read(write(x)) is not x");
  return 0;
}
