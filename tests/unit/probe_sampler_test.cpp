#include "agent/probe_sampler.hpp"

#include <poll.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "agent/device_drivers.hpp"
#include "agent/known_devices.hpp"
#include "agent/release_request.hpp"
#include "tests/support/fake_host.hpp"

namespace capmap {
namespace {

SampleFrame two_devices() {
  SampleFrame frame;
  DeviceRow full;
  full.use = {.pci_address = "0000:17:00.0",
              .used = true,
              .memory_used_mib = 4'096,
              .busy_permille = 983,
              .healthy = true,
              .power_watts = 612,
              .partitions = 0,
              .temperature_celsius = 61};
  full.age_ms = 12;
  full.power_limit_watts = 700;
  full.name = "NVIDIA H100 80GB HBM3";
  full.pci_id = "10de:2330";
  full.memory_bytes = 85'520'809'984;
  DeviceRow bare;
  bare.use.pci_address = "0000:3d:00.0";
  frame.rows = {full, bare};
  frame.drivers = {{.name = "nvml", .version = "550.54.15 (a build)", .cuda_version = "12.4"},
                   {.name = "amdgpu", .version = "6.1", .cuda_version = {}}};
  frame.problems = {{"nvml", "device 0000:3d:00.0 has not answered for 40 s"}};
  return frame;
}

/// Steps at one told moment until `holds`, for at most ten seconds of waiting.
template <class Holds>
bool step_until(ProbeSampler& sampler, std::uint64_t now_ms, bool wanted, Holds holds) {
  for (int i = 0; i < 2'000; ++i) {
    sampler.step(now_ms, wanted);
    if (holds()) return true;
    ::poll(nullptr, 0, 5);
  }
  return false;
}

ProbeSampler scripted(const test::FakeHost& folder, const std::string& script) {
  return ProbeSampler({.program = "/bin/sh",
                       .arguments = {"-c", script, "sh", folder.path()},
                       .about = "accelerators",
                       .every_ms = 10'000,
                       .retry_ms = 1'000,
                       .retry_max_ms = 3'000});
}

TEST_CASE("sample frames: a frame comes back as it was written, in pieces and one behind the other") {
  const auto frame = two_devices();
  std::string text;
  const std::string whole = write_sample_frame(frame) + write_sample_frame(SampleFrame{});
  std::vector<SampleFrame> taken;
  for (const char character : whole) {
    text += character;
    while (auto next = take_sample_frame(text)) {
      REQUIRE(*next);
      taken.push_back(**next);
    }
  }
  REQUIRE(taken.size() == 2);
  CHECK(taken[0] == frame);
  CHECK(taken[1] == SampleFrame{});
  CHECK(text.empty());
}

TEST_CASE("sample frames: what has no meaning is refused and leaves nothing behind") {
  for (const char* bad : {"device\nend\n", "device a used=2\nend\n", "device a busy=1001\nend\n", "device a busy=-1\nend\n",
                          "device a watts=4294967296\nend\n", "device a colour=1\nend\n", "device b\ndevice a\nend\n",
                          "device a\ndevice a\nend\n", "rubbish\nend\n", "pending 1\nend\n", "problem\nend\n"}) {
    CAPTURE(bad);
    std::string text = bad;
    const auto taken = take_sample_frame(text);
    REQUIRE(taken);
    CHECK_FALSE(*taken);
    CHECK(text.empty());
  }
  std::string endless(kMaxSampleFrameBytes + 1, 'x');
  const auto taken = take_sample_frame(endless);
  REQUIRE(taken);
  CHECK_FALSE(*taken);
}

TEST_CASE("sample frames: a name with control characters cannot forge a line") {
  auto frame = two_devices();
  frame.rows[0].name = "a\nend\nb";
  std::string text = write_sample_frame(frame);
  const auto taken = take_sample_frame(text);
  REQUIRE(taken);
  REQUIRE(*taken);
  CHECK((*taken)->rows[0].name == "a?end?b");
}

TEST_CASE("probe sampler: values are known for three intervals and unknown after, with the devices still listed") {
  const test::FakeHost folder;
  folder.put("frame", write_sample_frame(two_devices()));
  auto sampler = scripted(folder, "cat \"$1/frame\"; exec sleep 30");
  REQUIRE(step_until(sampler, 1'000, true, [&] { return sampler.frame().has_value(); }));
  Usage usage;
  sampler.add_to(usage, 1'000 + 30'000 - 12);
  REQUIRE(usage.accelerators.size() == 2);
  CHECK(usage.accelerators[0] == two_devices().rows[0].use);
  CHECK(usage.problems == two_devices().problems);
  usage = {};
  sampler.add_to(usage, 1'000 + 30'000);
  REQUIRE(usage.accelerators.size() == 2);
  CHECK(usage.accelerators[0].pci_address == "0000:17:00.0");
  CHECK_FALSE(usage.accelerators[0].used);
  CHECK_FALSE(usage.accelerators[0].power_watts);
  step_until(sampler, 2'000, false, [&] { return !sampler.running(); });
}

TEST_CASE("probe sampler: one that falls silent is counted once, told, and nothing is started beside it") {
  const test::FakeHost folder;
  auto sampler =
      scripted(folder, "echo x >>\"$1/started\"; trap '' TERM; while test -d \"$1\" && ! test -f \"$1/go\"; do sleep 0.02; done");
  REQUIRE(step_until(sampler, 0, true, [&] { return folder.root().exists("started"); }));
  CHECK(sampler.due_ms() == 35'000);
  sampler.step(34'999, true);
  CHECK(sampler.stuck() == 0);
  for (std::uint64_t now = 35'000; now < 900'000; now += 50'000) sampler.step(now, true);
  CHECK(sampler.stuck() == 1);
  Usage usage;
  sampler.add_to(usage, 900'000);
  REQUIRE(usage.problems.size() == 1);
  CHECK(usage.problems[0] == Problem{"accelerators", "capmap-probe -c has fallen silent; stuck runs so far: 1"});
  const auto started = folder.root().read("started");
  REQUIRE(started);
  CHECK(*started == "x\n");
  folder.put("go", "");
  CHECK(step_until(sampler, 900'000, true, [&] { return !sampler.running(); }));
}

TEST_CASE("probe sampler: one that ends is started again slower and slower, and ends when it is not wanted") {
  const test::FakeHost folder;
  auto sampler = scripted(folder, "test -f \"$1/good\" || exit 7; exec sleep 30");
  std::uint64_t now = 0;
  for (const std::uint64_t wait : {1'000U, 2'000U, 3'000U, 3'000U}) {
    CHECK(step_until(sampler, now, true, [&] { return !sampler.running() && sampler.due_ms() > now; }));
    CHECK(sampler.due_ms() == now + wait);
    now += wait;
  }
  folder.put("good", "");
  sampler.step(now, true);
  CHECK(sampler.running());
  CHECK(step_until(sampler, now, false, [&] { return !sampler.running(); }));
  Usage usage;
  sampler.add_to(usage, now);
  CHECK(usage == Usage{});
}

TEST_CASE("probe sampler: a card that waits for another partition mode is let go, again and again but not for ever") {
  const test::FakeHost folder;
  SampleFrame frame = two_devices();
  frame.mode_change_pending = true;
  folder.put("frame", write_sample_frame(frame));
  auto sampler = scripted(folder, "cat \"$1/frame\"; exec sleep 30");
  std::uint64_t now = 0;
  for (std::uint32_t i = 0; i < ProbeSampler::kMostYields; ++i) {
    CAPTURE(i);
    REQUIRE(step_until(sampler, now, true, [&] { return !sampler.running() && sampler.due_ms() == now + ProbeSampler::kYieldMs; }));
    now += ProbeSampler::kYieldMs;
  }
  REQUIRE(step_until(sampler, now, true, [&] { return sampler.running() && sampler.due_ms() == now + 35'000; }));
  Usage usage;
  sampler.add_to(usage, now);
  CHECK(usage.problems.back().what.find("another partition mode") != std::string::npos);
  step_until(sampler, now, false, [&] { return !sampler.running(); });
}

TEST_CASE("sample frames: a card's other dies come back, and more than a card can have are refused") {
  auto frame = two_devices();
  frame.rows[0].more_dies = {"0000:18:00.0", "0000:19:00.0"};
  std::string text = write_sample_frame(frame);
  const auto back = take_sample_frame(text);
  REQUIRE(back);
  REQUIRE(*back);
  CHECK(**back == frame);
  frame.rows[0].more_dies.assign(17, "0000:18:00.0");
  text = write_sample_frame(frame);
  const auto refused = take_sample_frame(text);
  REQUIRE(refused);
  CHECK_FALSE(refused->ok());
}

TEST_CASE("sampler: one of an earlier run that hangs is told as such, and tried again later and later") {
  const test::FakeHost folder;
  auto sampler = scripted(folder, "exit 4");
  std::uint64_t now_ms = 1'000'000;
  for (const std::uint64_t wait_ms : {1'000U, 2'000U, 3'000U}) {
    REQUIRE(step_until(sampler, now_ms, true, [&] { return !sampler.running(); }));
    Usage usage;
    sampler.add_to(usage, now_ms);
    REQUIRE(usage.problems.size() == 1);
    CHECK(usage.problems[0].what.find("of an earlier run of the agent hangs still") != std::string::npos);
    CHECK(sampler.due_ms() == now_ms + wait_ms);
    now_ms += wait_ms;
  }
}

TEST_CASE("known devices: what was written is read, a file with another form is refused by its line") {
  const test::FakeHost folder;
  const auto path = known_devices_path(folder.path());
  const KnownDevices devices = {{"0000:17:00.0", {"10de:2330", 85'520'809'984, "NVIDIA H100 80GB HBM3"}},
                                {"0000:3d:00.0", {"19e5:d803", std::nullopt, "", {"0000:42:00.0", "0000:47:00.0"}}}};
  REQUIRE(write_known_devices(path, devices));
  const auto read = read_known_devices(path);
  REQUIRE(read);
  CHECK(*read == devices);
  folder.put("accelerators.known", "0000:17:00.0 10de:2330 many NVIDIA\n");
  CHECK(read_known_devices(path).error().code == ErrorCode::kMalformed);
  for (const char* nameless : {"a++b x 5 n\n", "+b x 5 n\n", "x++ y 5 n\n"}) {
    folder.put("accelerators.known", nameless);
    CHECK(read_known_devices(path).error().code == ErrorCode::kMalformed);
  }
  folder.remove("accelerators.known");
  CHECK(read_known_devices(path).error().code == ErrorCode::kAbsent);
}

TEST_CASE("release request: holds until its time, on this boot, at most a day ahead") {
  const test::FakeHost folder;
  CHECK_FALSE(read_release_request(folder.path(), 0));
  REQUIRE(write_release_request(folder.path(), 5'000));
  const auto request = read_release_request(folder.path(), 4'999);
  REQUIRE(request);
  CHECK(request->until_ms == 5'000);
  CHECK_FALSE(read_release_request(folder.path(), 5'000));
  answer_release_request(folder.path(), request->text);
  CHECK(read_release_answer(folder.path()) == request->text);
  answer_release_request(folder.path(), "");
  CHECK(read_release_answer(folder.path()).empty());
  folder.put("accelerators.release", "another-boot 5000\n");
  CHECK_FALSE(read_release_request(folder.path(), 0));
  REQUIRE(write_release_request(folder.path(), kMaxReleaseMs + 2));
  CHECK_FALSE(read_release_request(folder.path(), 1));
  REQUIRE(remove_release_request(folder.path()));
  CHECK(remove_release_request(folder.path()));
}

TEST_CASE("device drivers: known by names in sysfs; a processor's graphics alone want no sampler") {
  const test::FakeHost host;
  CHECK_FALSE(find_device_drivers(host.root()).any());
  host.put_folder("sys/bus/pci/drivers/amdgpu");
  CHECK_FALSE(find_device_drivers(host.root()).any());
  host.put_folder("sys/class/kfd");
  CHECK(find_device_drivers(host.root()).amd);
  host.put_folder("sys/module/nvidia");
  CHECK(find_device_drivers(host.root()).nvidia);
}

}  // namespace
}  // namespace capmap
