#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "agent/probe_child.hpp"
#include "agent/settings.hpp"
#include "common/messages.hpp"

namespace capmap {

/// Benchmarks that the controller asks for: whether this machine's owner allows it, for how long and how often, and what came of it. The
/// newest result is kept in the state folder and told with hello, apart from nominal figures. One run at a time; when this object goes, a
/// run is asked to end. One thread; never blocks.
class Benchmark {
 public:
  /// `probe` is capmap-probe.
  Benchmark(const AgentSettings& settings, std::string probe);
  ~Benchmark();
  Benchmark(const Benchmark&) = delete;
  Benchmark& operator=(const Benchmark&) = delete;

  /// The controller asks for tests of so many seconds each; 0 = it does not. Too long ones are cut to what the settings allow; an ask
  /// within kBenchmarkGapMs of the last start is the same one again and is passed over.
  void ask(std::uint32_t seconds, std::uint64_t now_ms);
  /// True when there is something new for hello: a result, or why there is none.
  bool step(std::uint64_t now_ms);
  /// Puts the newest result (of an ask, or of `capmap-agent benchmark --report`) and, if the last ask failed, a problem line into hello.
  void add_to(Hello& hello);

  [[nodiscard]] int fd() const { return child_ ? child_->fd() : -1; }

 private:
  void start(std::uint32_t seconds);
  void take(const ChildEnd& end);

  std::string state_, probe_;
  std::uint32_t most_seconds_;
  std::optional<ProbeChild> child_;
  std::optional<Measured> newest_;
  std::string problem_;
  bool news_ = false;
  std::optional<std::uint64_t> asked_ms_;
};
inline constexpr std::uint64_t kBenchmarkGapMs = 600'000;

}  // namespace capmap
