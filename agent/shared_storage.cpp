#include "agent/shared_storage.hpp"

#include "agent/mountinfo.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kLookEveryMs = 60'000;
constexpr std::size_t kMaxMountinfoBytes = 4 << 20;

ProbeSamplerOptions sampler_options(const AgentSettings& settings, const std::string& probe) {
  const std::uint64_t every_ms = std::uint64_t{settings.file_systems_every_s} * 1'000;
  return {.program = probe,
          .arguments = {"mounts", "--root", settings.root, "--every", std::to_string(every_ms), "--state", settings.state},
          .about = "file_systems",
          .every_ms = every_ms};
}

}  // namespace

SharedStorage::SharedStorage(const AgentSettings& settings, const std::string& probe)
    : root_(settings.root), sampler_(sampler_options(settings, probe)) {}

void SharedStorage::step(std::uint64_t now_ms) {
  if (now_ms >= look_ms_ && root_.live()) {
    look_ms_ = now_ms + kLookEveryMs;
    const auto text = root_.read("proc/self/mountinfo", kMaxMountinfoBytes);
    mounted_ = text && !shared_mounts(*text).empty();
  }
  sampler_.step(now_ms, mounted_);
}

}  // namespace capmap
