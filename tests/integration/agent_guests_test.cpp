// A server, a virtual machine on it, an agent in each, and a controller: all real programs. The machines' files are invented, but for the
// command line of the process that stands for QEMU, which is read from the kernel.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/deployment.hpp"
#include "tests/support/put_file.hpp"

using namespace capmap::support;
using namespace std::chrono_literals;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr auto kLimit = 60s;
constexpr const char* kAddress = "52:54:00:0c:3b:7a";
constexpr const char* kQemu = "qemu-system-x86_64";

/// An invented machine with an agent that reports to a deployment.
class Server {
 public:
  explicit Server(const std::string& fixture) {
    const std::string source = CAPMAP_SOURCE_DIR;
    const auto made = run(
        {source + "/tests/support/make_host.sh", source + "/tests/fixtures/hosts/" + fixture + "/parameters", folder_.path() + "/root"});
    INFO(made.output);
    REQUIRE(made.code == 0);
  }
  [[nodiscard]] std::string root(const std::string& path) const { return folder_.path() + "/root/" + path; }

  void join(const Deployment& deployment) const {
    const auto joined = run({"capmap-agent", "join", deployment.token(1), "--state", folder_.path() + "/state"});
    INFO(joined.output);
    REQUIRE(joined.code == 0);
  }
  void start() {
    agent_ = std::make_unique<Program>(
        std::vector<std::string>{"capmap-agent", "--root", root(""), "--state", folder_.path() + "/state", "--guests-every-s", "1"});
  }
  void stop() {
    agent_->signal(SIGTERM);
    CHECK(agent_->wait(kLimit).value_or(-1) == 0);
  }
  [[nodiscard]] std::string log() const { return agent_->output(); }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Program> agent_;
};

/// A process whose name and arguments are those of QEMU with one network port.
class Machine {
 public:
  explicit Machine(const std::string& program) {
    std::vector<std::string> words = {program, "-S", "-display", "none", "-nodefaults", "-uuid", "0f3c1a52-7d1b-4f7e-9b1e-2a4c5d6e7f80"};
    for (const char* word : {"-netdev", "user,id=n0", "-device"}) words.emplace_back(word);
    words.push_back("virtio-net-pci,netdev=n0,mac=" + std::string(kAddress));
    process_ = std::make_unique<Program>(std::move(words));
  }
  [[nodiscard]] std::string file(const char* name) const { return "/proc/" + std::to_string(process_->pid()) + "/" + name; }
  /// The server's kernel shows what ours does of it.
  void show(const Server& server) const {
    REQUIRE(
        soon([&] { return text_of(file("cmdline")).find(kAddress) != std::string::npos && text_of(file("comm")).starts_with("qemu"); }));
    put_file(server.root("proc/4711/comm"), text_of(file("comm")));
    put_file(server.root("proc/4711/cmdline"), text_of(file("cmdline")));
    put_file(server.root("sys/module/kvm_intel/refcnt"), "5\n");
  }
  static void hide(const Server& server) {
    fs::remove_all(server.root("proc/4711"));
    put_file(server.root("sys/module/kvm_intel/refcnt"), "0\n");
  }

 private:
  std::unique_ptr<Program> process_;
};

/// A shell script by QEMU's name, which waits.
struct Script {
  TemporaryFolder folder;
  std::string path = folder.path() + "/qemu-system-x86_64";
  Script() {
    put_file(path, "#!/bin/sh\nwhile :; do sleep 1; done\n");
    fs::permissions(path, fs::perms::owner_all);
  }
};

struct Seen {
  const Deployment& deployment;

  [[nodiscard]] json get(const std::string& path) const { return json::parse(http_get(deployment.http_port, path), nullptr, false); }
  /// "installed nodes, cores" of the total.
  [[nodiscard]] std::string totals() const {
    const json map = get("/v1/map");
    if (!map.is_object()) return "";
    return map["total"]["nodes"]["installed"].dump() + ", " + map["total"]["cpu"]["cores"].dump();
  }
  [[nodiscard]] json node(const std::string& hostname) const {
    const json page = get("/v1/nodes");
    for (const auto& node : page.is_object() ? page["nodes"] : json::array()) {
      if (node["hostname"] == hostname) return get("/v1/nodes/" + node["id"].get<std::string>());
    }
    return json::object();
  }
};

}  // namespace

TEST_CASE("guests: the command line of a running process tells its guest, as this machine's kernel shows it") {
  const Script script;
  const Machine machine(script.path);
  CHECK(eventually(
      [] {
        return run({"capmap-probe", "guests"}).output.find(std::string("mac ") + kAddress) != std::string::npos;
      },
      kLimit));
  const auto printed = run({"capmap-probe", "guests"});
  CHECK(printed.code == 0);
  CHECK(printed.output.find("uuid 0f3c1a52-7d1b-4f7e-9b1e-2a4c5d6e7f80\n") != std::string::npos);
  CHECK(printed.output.ends_with("end\n"));
}

TEST_CASE("guests: QEMU's own process tells the same") {
  const auto found = run({"/bin/sh", "-c", std::string("command -v ") + kQemu});
  if (found.code != 0) {
    std::cout << "skipped: " << kQemu << " is not installed\n";
    return;
  }
  const Machine machine(found.output.substr(0, found.output.find('\n')));
  CHECK(eventually(
      [] {
        return run({"capmap-probe", "guests"}).output.find(std::string("mac ") + kAddress) != std::string::npos;
      },
      kLimit));
}

TEST_CASE("guests: a virtual machine inside a reporting server counts once, while it runs, is off, and when its server is silent") {
  Deployment deployment({}, {"--interval-ms", "500"});
  deployment.start();
  const Seen seen{deployment};
  Server host("2s128c-2xEPYC7763"), guest("1s8c-kvm-guest");
  put_file(host.root("proc/sys/kernel/hostname"), "host01\n");
  put_file(host.root("dev/kvm"), "");
  put_file(host.root("sys/module/kvm_intel/refcnt"), "0\n");
  put_file(guest.root("sys/class/net/eth0/address"), std::string(kAddress) + "\n");
  host.join(deployment);
  guest.join(deployment);
  host.start();
  guest.start();
  REQUIRE(eventually([&] { return seen.totals() == "2, 136"; }, kLimit));  // nobody has said yet what runs where

  const Script script;
  auto machine = std::make_unique<Machine>(script.path);
  machine->show(host);
  INFO(host.log());
  REQUIRE(eventually([&] { return seen.totals() == "1, 128"; }, kLimit));
  const json inner = seen.node("guest01"), outer = seen.node("host01");
  CHECK(inner["counted_in"] == outer["id"]);
  CHECK(inner["in_totals"] == false);
  CHECK(inner["service_state"] == "in_service");
  CHECK(inner["verdict"] == "consistent");
  CHECK(outer["guests"] == json::array({inner["id"]}));
  CHECK(outer["counted_in"].is_null());
  const json shared = seen.get("/v1/shared");
  REQUIRE(shared["shared"].size() == 1);
  CHECK(shared["shared"][0]["kind"] == "guest");
  CHECK(shared["shared"][0]["source"] == inner["id"]);
  CHECK(shared["shared"][0]["host"] == outer["id"]);
  CHECK(deployment.metric("capmap_guests") == 1);
  const json by_state = seen.get("/v1/map?group_by=service_state");
  CHECK(by_state["total"]["nodes"]["installed"] == 1);
  const auto shown = deployment.ctl({"nodes", "show", "guest01"});
  CHECK(shown.output.find("in no total: a virtual machine inside " + outer["id"].get<std::string>()) != std::string::npos);
  CHECK(deployment.ctl({"nodes"}).output.find("1 of them counted in others") != std::string::npos);

  guest.stop();
  machine.reset();
  Machine::hide(host);
  REQUIRE(eventually([&] { return seen.node("guest01")["liveness"] == "lost"; }, kLimit));
  std::this_thread::sleep_for(4s);  // the host looks each second: it has said that there is no guest
  CHECK(seen.totals() == "1, 128");

  machine = std::make_unique<Machine>(script.path);
  machine->show(host);
  guest.start();
  REQUIRE(eventually([&] { return seen.node("guest01")["liveness"] == "fresh"; }, kLimit));
  CHECK(seen.totals() == "1, 128");

  host.stop();
  REQUIRE(eventually([&] { return seen.node("host01")["liveness"] == "lost"; }, kLimit));
  CHECK(seen.totals() == "1, 128");
  const auto removed = deployment.ctl({"nodes", "remove", outer["id"].get<std::string>(), "--yes"});
  INFO(removed.output);
  CHECK(removed.code == 0);
  CHECK(eventually([&] { return seen.totals() == "1, 8"; }, kLimit));
  CHECK(seen.node("guest01")["counted_in"].is_null());
}
