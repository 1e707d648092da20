#include <cstdio>
#include <utility>

#include "agent/probe/commands.hpp"
#include "agent/probe/probe_options.hpp"
#include "agent/probe/report.hpp"
#include "agent/probe_frames.hpp"
#include "common/catalog_folder.hpp"
#include "common/shape.hpp"

namespace capmap {
namespace {

Result<ChipTable> load_chips(const std::string& wanted) {
  const auto folder = find_catalog(wanted);
  if (!folder) return folder.error();
  return ChipTable::load(*folder);
}

/// A machine and the chip table it was read with: accelerators are told by both.
struct Look {
  Result<ChipTable> chips;
  Result<Machine> machine;
};

Look look(const ProbeOptions& options) {
  auto chips = load_chips(options.catalog);
  auto machine = read_machine(options.source, chips ? &*chips : nullptr);
  if (machine && !chips) machine->problems.push_back({"catalog", chips.error().what});
  return {std::move(chips), std::move(machine)};
}

int fail(const Error& error) {
  std::fprintf(stderr, "capmap-probe: %s\n", error.what.c_str());
  return 1;
}

int write_out(const void* bytes, std::size_t count) {
  if (std::fwrite(bytes, 1, count, stdout) == count && std::fflush(stdout) == 0) return 0;
  return fail({ErrorCode::kUnavailable, "stdout: cannot be written"});
}

}  // namespace

int run_probe_command(const std::vector<std::string>& arguments) {
  int exit_code = 0;
  auto options = parse_probe_options("probe", arguments, exit_code);
  if (!options) return exit_code;
  options->source.probe_program = "/proc/self/exe";
  auto [chips, machine] = look(*options);
  if (!machine) return fail(machine.error());
  Report report{.machine = std::move(*machine), .shape_id = {}, .rating = {}, .microarchitecture = {}, .catalog_version = {}};
  report.shape_id = pack_shape(report.machine.shape).id;
  if (chips) {
    report.rating = chips->rate(report.machine.shape);
    report.microarchitecture = chips->microarchitecture(report.machine.shape.cpu);
    report.catalog_version = chips->version();
  }
  const std::string page = options->json ? report_json(report) : report_text(report);
  return write_out(page.data(), page.size());
}

int run_shape_command(const std::vector<std::string>& arguments, const std::string& agent_version) {
  int exit_code = 0;
  const auto options = parse_probe_options("shape", arguments, exit_code);
  if (!options) return exit_code;
  const auto [chips, machine] = look(*options);
  if (!machine) return fail(machine.error());
  const EncodedShape shape = pack_shape(machine->shape);
  const Bytes frames = write_probe_frames(hello_of(*machine, shape.id, agent_version), shape);
  return write_out(frames.data(), frames.size());
}

}  // namespace capmap
