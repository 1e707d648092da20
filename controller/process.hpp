#pragma once
#include <csignal>
#include <cstdint>
#include <string>

#include "common/clock.hpp"
#include "common/watchdog.hpp"

namespace capmap {

/// What the controller's process is to its system: limits, memory, scheduling, signals, systemd. Thread: main, but where it says otherwise.

/// Each agent costs a descriptor: takes what the hard limit gives. How many agents may be connected at a time; `asked`: at most so many, 0
/// = as many as there is room for.
std::uint64_t raise_descriptor_limit(std::uint64_t asked);

/// Each burst of messages, and each answer of some size, would otherwise give memory back to the kernel, and the next one ask for it page
/// by page. At most 64 MiB a thread stay so.
void keep_freed_memory();

/// A thread of policy SCHED_BATCH that a message wakes does not break in on what runs: by its turn more messages are there, and a wake-up
/// does for all of them. For the calling thread and those it starts from now on; where it is forbidden, nothing is lost but CPU time.
/// Thread: any.
void set_scheduling(int policy);

std::string host_name();

/// Blocks SIGTERM, SIGINT and SIGHUP for all threads to come; main waits for them.
sigset_t block_stop_signals();

/// Those of threads without which the controller does nothing for anybody.
struct Pulses {
  Pulse ingest, map, http;
};

/// Until a signal, which it returns; meanwhile systemd's watchdog is fed.
int wait_for_signal(const sigset_t& signals, const Pulses& pulses, const Clock& clock);

}  // namespace capmap
