#pragma once
#include <string>
#include <vector>

namespace capmap {

/// The commands of capmap-probe, which capmap-agent hands over to. Each takes the arguments behind its name and returns an exit code:
/// 0 done, 1 failed (reason on stderr), 2 wrong use.

/// `probe [--json] [--root DIR] [--hwloc-xml FILE] [--catalog DIR]`: what this machine is, as text or JSON.
int run_probe_command(const std::vector<std::string>& arguments);
/// `shape [--root DIR] [--catalog DIR]`: the same as two frames on stdout for the agent (agent/probe_frames.hpp).
/// `agent_version` goes into hello.
int run_shape_command(const std::vector<std::string>& arguments, const std::string& agent_version);
/// `settings [--config FILE] [flags]`: checks configuration and flags of the agent; prints "key=value" lines on stdout for it.
/// With --print-config: prints them as TOML with origins. With --help: the agent's help.
int run_settings_command(const std::vector<std::string>& arguments);
/// `devices [--every MS] [--root DIR] [--nvml FILE]`: what drivers say of the accelerators, as JSON; with --every the agent's sampler:
/// frames on stdout (agent/sample_frames.hpp) until SIGTERM or until nobody reads them. Never ends while a call is inside a driver.
int run_devices_command(const std::vector<std::string>& arguments);
/// `mounts [--every MS] [--root DIR]`: sizes of network file systems as one frame (agent/sample_frames.hpp); with --every the agent's
/// sampler, as devices is.
int run_mounts_command(const std::vector<std::string>& arguments);
/// `guests [--root DIR]`: what the virtual machines that run here are known by, as lines (agent/guest_lines.hpp).
int run_guests_command(const std::vector<std::string>& arguments);
/// `release-accelerators [--for 10m] [--state DIR]`: asks the running agent to let go of the drivers (agent/release_request.hpp), and
/// waits until it has.
int run_release_command(const std::vector<std::string>& arguments);
/// `privileged [--config FILE] [flags]`: reads what root alone may, and leaves it to the agent (agent/privileged_facts.hpp). Gives its
/// rights up for those of the state folder's owner before it writes.
int run_privileged_command(const std::vector<std::string>& arguments);
/// `doctor [--json] [--config FILE] [flags]`: what is wrong with this installation, and the fix. 0 with warnings alone.
int run_doctor_command(const std::vector<std::string>& arguments);
/// `capture FILE.tar.zst [--keep-names] [--salt TEXT] [--force] [--root DIR]`: packs what the probes read, names hashed.
int run_capture_command(const std::vector<std::string>& arguments);
/// `benchmark [--seconds N] [--dir DIR] [--json]`: measures this machine. 130 when it was stopped.
int run_benchmark_command(const std::vector<std::string>& arguments);
/// `join TOKEN [--state DIR]`: makes this server's key if needed and asks the controller named in the token to let it in.
int run_join_command(const std::vector<std::string>& arguments);

}  // namespace capmap
