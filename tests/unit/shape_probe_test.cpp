#include "agent/shape_probe.hpp"

#include <poll.h>

#include <catch2/catch.hpp>
#include <string>

#include "agent/probe_frames.hpp"
#include "common/codec.hpp"
#include "common/shape.hpp"
#include "tests/support/fake_host.hpp"

namespace capmap {
namespace {

/// A shape probe whose program is a shell script, with a folder for what it prints.
struct Sample {
  test::FakeHost folder;

  [[nodiscard]] ShapeProbe probe(const std::string& script) const {
    return ShapeProbe({.program = "/bin/sh",
                       .arguments = {"-c", script, "sh", folder.path()},
                       .every_ms = 100'000,
                       .deadline_ms = 60'000,
                       .retry_ms = 1'000,
                       .retry_max_ms = 3'000});
  }
  /// What a good capmap-probe would write, in the file "frames".
  ShapeFacts put_frames() const {
    Shape shape;
    shape.cpu.model = "Some CPU";
    Hello hello;
    hello.hostname = "host";
    auto packed = pack_shape(shape);
    hello.shape_id = packed.id;
    const auto frames = write_probe_frames(hello, packed);
    folder.put("frames", std::string(reinterpret_cast<const char*>(frames.data()), frames.size()));
    return {hello, packed};
  }
};

/// Steps at one told moment until the run in flight ended: with facts, or with a next try due soon.
std::optional<ShapeFacts> finish(ShapeProbe& probe, std::uint64_t now_ms) {
  for (int i = 0; i < 2'000; ++i) {
    auto facts = probe.step(now_ms);
    if (facts) return facts;
    if (probe.due_ms() > now_ms && probe.due_ms() <= now_ms + 3'000) return std::nullopt;
    pollfd waiting{.fd = probe.fd(), .events = POLLIN, .revents = 0};
    ::poll(&waiting, 1, 5);
  }
  return std::nullopt;
}

TEST_CASE("shape probe: facts come back, and the next look is due after its time") {
  const Sample sample;
  const auto expected = sample.put_frames();
  auto probe = sample.probe("cat \"$1/frames\"");
  const auto facts = finish(probe, 5'000);
  REQUIRE(facts);
  CHECK(facts->first.hostname == "host");
  CHECK(facts->second == expected.second);
  CHECK(probe.problem().empty());
  CHECK(probe.due_ms() == 105'000);
}

TEST_CASE("shape probe: failures are tried again slower and slower, and forgotten once it went well") {
  const Sample sample;
  auto probe = sample.probe("test -f \"$1/frames\" || exit 7; cat \"$1/frames\"");
  std::uint64_t now = 0;
  for (const std::uint64_t wait : {1'000U, 2'000U, 3'000U, 3'000U}) {
    CHECK_FALSE(finish(probe, now));
    CHECK(probe.problem() == "capmap-probe ended with code 7; its reason is in this machine's log");
    CHECK(probe.due_ms() == now + wait);
    now += wait;
  }
  sample.put_frames();
  CHECK(finish(probe, now));
  CHECK(probe.problem().empty());
}

TEST_CASE("shape probe: a program that cannot be started and output without meaning are problems, not crashes") {
  ShapeProbe absent({.program = "/nonexistent/capmap-probe", .arguments = {}});
  CHECK_FALSE(absent.step(0));
  CHECK(absent.problem().find("cannot be started") != std::string::npos);
  const Sample sample;
  auto garbage = sample.probe("echo rubbish");
  CHECK_FALSE(finish(garbage, 0));
  CHECK_FALSE(garbage.problem().empty());
  auto endless = sample.probe("yes");
  CHECK_FALSE(finish(endless, 0));
  CHECK_FALSE(endless.problem().empty());
}

TEST_CASE("shape probe: a stuck run is counted, nothing is started beside it, and a late answer is taken") {
  const Sample sample;
  sample.put_frames();
  auto probe = sample.probe("echo x >>\"$1/started\"; while ! test -f \"$1/go\"; do sleep 0.02; done; cat \"$1/frames\"");
  CHECK_FALSE(probe.step(0));
  CHECK(probe.due_ms() == 60'000);
  CHECK_FALSE(probe.step(60'000));
  CHECK(probe.stuck() == 1);
  CHECK(probe.problem() == "capmap-probe has not answered within 60 s; stuck runs so far: 1");
  probe.ask_now();
  for (std::uint64_t now = 60'001; now < 900'000; now += 100'000) CHECK_FALSE(probe.step(now));
  CHECK(probe.stuck() == 1);
  sample.folder.put("go", "");
  CHECK(finish(probe, 900'000));
  CHECK(probe.problem().empty());
  const auto started = sample.folder.root().read("started");
  REQUIRE(started);
  CHECK(*started == "x\n");
  CHECK(probe.due_ms() == 0);  // asked for meanwhile
}

TEST_CASE("shape probe: without a shape the machine still has a name, an empty shape and the problem") {
  const auto [hello, shape] = facts_without_shape("why");
  CHECK_FALSE(hello.hostname.empty());
  REQUIRE(hello.problems.size() == 1);
  CHECK(hello.problems[0] == Problem{"shape", "why"});
  const auto decoded = decode_shape_raw(shape.body);
  REQUIRE(decoded);
  CHECK(*decoded == Shape{});
  CHECK(shape.id == shape_id_of(shape.body));
}

}  // namespace
}  // namespace capmap
