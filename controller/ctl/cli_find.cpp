// What the command line says of demands.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <tuple>

#include "common/precision.hpp"
#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/find.hpp"

namespace capmap {
namespace {

/// A flag that goes to the API as it is said.
CLI::Option* add_text(CLI::App& command, FindQuestion& question, const char* flag, const char* name, const char* what) {
  return command.add_option_function<std::string>(
      flag, [&question, name = std::string(name)](const std::string& text) { question.emplace_back(name, text); }, what);
}

void add_rate(CLI::App& command, FindQuestion& question, const char* flag, const char* name, const char* what) {
  const auto take = [&question, flag = std::string(flag), name = std::string(name)](const std::string& text) {
    auto rate = parse_rate(text);
    if (!rate) throw CLI::ValidationError(flag, rate.error().what);
    question.emplace_back(name, *rate);
  };
  command.add_option_function<std::string>(flag, take, what);
}

void add_yes(CLI::App& command, FindQuestion& question, const char* flag, const char* name, const char* what) {
  command.add_flag_callback(
      flag, [&question, name = std::string(name)] { question.emplace_back(name, "true"); }, what);
}

void add_devices(CLI::App& find, FindQuestion& question) {
  add_text(find, question, "--accelerators", "accelerators", "so many on each node, healthy and in nobody's use");
  add_text(find, question, "--model", "model", "words of the accelerators' name, in any case: H100");
  add_text(find, question, "--vendor", "vendor", "of the accelerators: nvidia, amd, huawei, or its PCI id");
  add_text(find, question, "--kind", "kind", "of the accelerators: gpu, npu, fpga, other")
      ->check(CLI::IsMember({"gpu", "npu", "fpga", "other"}));
  add_text(find, question, "--device-memory", "device_memory_gib", "GiB that each accelerator has at least, its own to the nearest");
  add_text(find, question, "--precision", "precision", "at which the accelerators are rated, and rates are meant: fp16")
      ->check(CLI::IsMember(std::vector<std::string>(kPrecisionNames.begin(), kPrecisionNames.end())));
  add_rate(find, question, "--device-rate", "device_rate_mflops", "peak of each accelerator at least: 300T");
  add_rate(find, question, "--rate", "rate_mflops", "peak of all of them together at least: 10P");
}

void add_constraints(CLI::App& find, FindQuestion& question) {
  add_text(find, question, "--site", "site", "only at this site: name or s-… id");
  add_text(find, question, "--region", "region", "only at sites whose region's code begins so");
  add_text(find, question, "--owner", "owner", "only at sites of this organisation");
  add_text(find, question, "--owner-class", "owner_class", "only at sites of this class of owners");
  add_text(find, question, "--class", "compute_class", "only of this compute class: general, intelligent, super, edge");
  add_text(find, question, "--security-level", "security_level", "only at sites of this level at least, 0 to 5");
  add_yes(find, question, "--public", "public_compute", "only at sites that count as public computing power");
  add_yes(find, question, "--rdma", "rdma", "only nodes with a NIC that can do RDMA");
  add_text(find, question, "--filter", "filter", "only what fulfils a condition, as of map; see capmapctl(1)");
}

}  // namespace

void add_find(CLI::App& app, Line& line) {
  auto* find = add_command(app, "find", "which sites could serve a demand now, and what removed the others; nothing is reserved",
                           "  capmapctl find --nodes 16 --accelerators 8 --model H100 --rdma\n"
                           "  capmapctl find --precision fp16 --rate 10P --region 15 --together spread\n"
                           "  capmapctl find --nodes 100 --cores 64 --memory 256 --together pool -o csv");
  const auto question = std::make_shared<FindQuestion>();
  add_text(*find, *question, "--nodes", "nodes", "so many different nodes; default: 1");
  add_text(*find, *question, "--together", "together", "in one site (default), in one pool, or spread over sites")
      ->check(CLI::IsMember({"site", "pool", "spread"}));
  add_devices(*find, *question);
  add_text(*find, *question, "--cores", "cores", "free PUs on each node");
  add_text(*find, *question, "--memory", "memory_gib", "free GiB on each node");
  add_constraints(*find, *question);
  add_text(*find, *question, "--limit", "limit", "most offers to show, 1 to 1000; default: 20");
  find->callback([&line, question] {
    line.command = [&line, question](const Screen& screen) { return show_find(line.connection, screen, *question); };
  });
}

}  // namespace capmap
