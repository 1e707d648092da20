// What a sampler prints into the agent's reader of it, frame by frame.
#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/sample_frames.hpp"
#include "common/check.hpp"

using namespace capmap;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  for (std::size_t before = text.size() + 1; text.size() < before;) {
    before = text.size();
    const auto taken = take_sample_frame(text);
    if (!taken) break;
    if (!*taken) {
      check(taken->error().code == ErrorCode::kMalformed && !taken->error().what.empty(), "a frame was refused without a reason");
      check(text.empty(), "what is left of a refused text was kept");
      break;
    }
    std::string written = write_sample_frame(**taken);
    const auto again = take_sample_frame(written);
    check(again && *again && **again == **taken && written.empty(), "read(write(x)) is not x");
  }
  return 0;
}
