#include <sodium.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <iostream>

#include "agent/probe/capture_archive.hpp"
#include "agent/probe/capture_names.hpp"
#include "agent/probe/capture_notes.hpp"
#include "agent/probe/commands.hpp"
#include "agent/probe/probe_options.hpp"
#include "common/catalog_folder.hpp"

namespace capmap {
namespace {

struct CaptureOptions {
  std::string file, salt, catalog, known, root = "/";
  bool keep_names = false, force = false;
};

std::optional<CaptureOptions> parse_options(const std::vector<std::string>& arguments, int& exit_code) {
  CaptureOptions options;
  CLI::App app(
      "Packs what the probes read of this machine, so that `probe --root` tells the same of it elsewhere. Names, serial numbers, "
      "network addresses and ids are replaced by salted hashes.",
      "capmap-agent capture");
  app.add_option("FILE", options.file, "the archive to make, FILE.tar.zst")->required();
  app.add_flag("--keep-names", options.keep_names, "leave names, serial numbers, addresses and ids as they are");
  app.add_option("--salt", options.salt, "text the hashes are salted with (default: a random one, told to nobody)");
  app.add_flag("--force", options.force, "replace FILE if it exists");
  app.add_option("--root", options.root, "capture a machine below this folder")->check(CLI::ExistingDirectory);
  app.add_option("--known", options.known, "file of what drivers last said of accelerators (default: the agent's, where it may be read)");
  app.add_option("--catalog", options.catalog, "folder of the chip table (default: $CAPMAP_CATALOG, then where it is installed)");
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error, std::cout, std::cerr) == 0 ? 0 : 2;
    return std::nullopt;
  }
  return options;
}

int fail(const Error& error) {
  std::fprintf(stderr, "capmap-probe: %s\n", error.what.c_str());
  return 1;
}

/// One line on a terminal that is written over; nothing elsewhere.
class Progress {
 public:
  void say(const std::string& what) {
    if (terminal_) std::fprintf(stderr, "\r\033[K%s", what.c_str());
  }
  ~Progress() { say(""); }
  Progress() = default;
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  bool terminal_ = isatty(STDERR_FILENO) == 1;
};

std::string random_salt() {
  std::array<unsigned char, 16> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::vector<std::string> hostnames_of(const HostRoot& root) {
  std::vector<std::string> names;
  for (const char* file : {"proc/sys/kernel/hostname", "etc/hostname"}) {
    if (auto name = root.read_line(file)) names.push_back(std::move(*name));
  }
  return names;
}

CapturedFiles hidden(const CapturedFiles& files, const NameHider& hider) {
  CapturedFiles out;
  for (const auto& [path, entry] : files) {
    auto copy = entry;
    if (path == kSmbiosFile) {  // bytes, and without names already
      out.emplace(path, std::move(copy));
      continue;
    }
    copy.text = entry.kind == CapturedEntry::Kind::kLink ? hider.hide_path(entry.text)
                : path == kCapturedTopology              ? hider.hide_xml(entry.text)
                                                         : hider.hide_file(path, entry.text);
    out.emplace(hider.hide_path(path), std::move(copy));
  }
  return out;
}

Result<CapturedFiles> capture(const CaptureOptions& options, Progress& progress) {
  const auto folder = find_catalog(options.catalog);
  const auto chips = folder ? ChipTable::load(*folder) : Result<ChipTable>(folder.error());
  HostReads reads;
  progress.say("reading the machine");
  MachineSource source;
  source.root = options.root;
  source.known_devices = known_or_default(options.known, options.root);
  source.ask_drivers = true;
  source.reads = &reads;
  source.probe_program = "/proc/self/exe";
  auto machine = read_machine(source, chips ? &*chips : nullptr);
  if (!machine) return machine.error();
  progress.say("reading its topology");
  const HostRoot root(options.root);
  auto topology = root.live() ? Result<std::string>(Error{ErrorCode::kAbsent, ""}) : root.read(kCapturedTopology);
  if (!topology) topology = export_topology(options.root);  // not a capture that brings its own
  if (!topology) return topology.error();
  progress.say("reading its files again");
  auto files = collect_files(root, reads);
  files[kCapturedTopology] = {.kind = CapturedEntry::Kind::kFile, .text = std::move(*topology)};
  const NameHider hider(options.salt.empty() ? random_salt() : options.salt, hostnames_of(root));
  for (auto& system : machine->file_systems) {
    if (!options.keep_names) hider.hide_places(system.remote, system.source, system.mount);
  }
  files[kCapturedNotes] = {.kind = CapturedEntry::Kind::kFile, .text = write_notes(*machine)};
  if (!machine->known.empty()) files[kCapturedKnown] = {.kind = CapturedEntry::Kind::kFile, .text = known_devices_text(machine->known)};
  const auto table = HostRoot(options.root).read(kSmbiosFile);
  if (table) files[kSmbiosFile] = {.kind = CapturedEntry::Kind::kFile, .text = without_secrets(*table)};
  if (machine->look) files[kCapturedDevices] = {.kind = CapturedEntry::Kind::kFile, .text = write_device_look(*machine->look)};
  if (options.keep_names) return files;
  return hidden(files, hider);
}

}  // namespace

int run_capture_command(const std::vector<std::string>& arguments) {
  int exit_code = 0;
  const auto options = parse_options(arguments, exit_code);
  if (!options) return exit_code;
  if (sodium_init() < 0) return fail({ErrorCode::kUnavailable, "libsodium cannot start"});
  Result<Done> written = Done{};
  std::size_t count = 0;
  {
    Progress progress;
    const auto files = capture(*options, progress);
    if (!files) return fail(files.error());
    count = files->size();
    const auto tell = [&](std::size_t done, std::size_t all) {
      if (done % 256 == 0 || done == all) progress.say("packing " + std::to_string(done) + " of " + std::to_string(all));
    };
    written = write_archive(options->file, *files, options->force, tell);
  }
  if (!written) return fail(written.error());
  const char* names = options->keep_names ? "names and ids are as they were" : "names, serial numbers, addresses and ids are hashed";
  std::printf("%s: %zu entries; %s\n", options->file.c_str(), count, names);
  return 0;
}

}  // namespace capmap
