#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/fingerprint.hpp"
#include "common/hardware.hpp"
#include "common/ids.hpp"
#include "common/labels.hpp"

namespace capmap {

/// What agents say and what they are answered, as structs; common/codec turns them into bytes and back.

using Bytes = std::vector<std::byte>;

/// In every message of an agent: which start of the agent, and its number in it (1, 2, 3, ...).
struct Envelope {
  std::uint64_t run_id = 0;  ///< random per agent start, never 0
  std::uint32_t seq = 0;
  bool operator==(const Envelope&) const = default;
};

/// Who is there: what belongs to one machine and not to its shape. Names are for people.
struct Hello {
  Envelope envelope;
  ShapeId shape_id;
  std::string agent_version, hostname, os, kernel;
  std::string virtualization;                           ///< "kvm", "docker", ...; "none" on bare metal; empty = unknown
  std::optional<std::uint64_t> memory_total_bytes;      ///< exact MemTotal
  std::optional<std::uint32_t> pus_allowed;             ///< PUs this machine's processes may use (cgroup, affinity)
  std::optional<std::uint64_t> time_unix_ms;            ///< the agent's wall clock, to show the skew
  std::vector<std::string> disk_names;                  ///< [disk] in the order of the shape's rows, each row count times
  std::vector<std::string> nic_names;                   ///< [nic] likewise
  std::vector<std::string> accelerator_addresses;       ///< [accelerator] PCI addresses, likewise
  std::vector<Problem> problems;                        ///< what the shape's probes could not read
  std::optional<Measured> measured{};                   ///< newest benchmark; absent: none was run
  std::optional<std::uint64_t> file_systems_size_mb{};  ///< 10^6 bytes that Readings::storage_used_mb is a part of
  std::string maker{}, product{};                       ///< of the machine, as firmware says; empty = unknown
  std::vector<Label> labels{};                          ///< ascending by key, each once, at most kMaxLabels
  std::vector<AcceleratorDriver> accelerator_drivers{};
  /// [accelerator_addresses] as enforced; absent = not told. Empty where none is told.
  std::vector<std::optional<std::uint32_t>> accelerator_power_limit_watts{};
  std::vector<Fingerprint> fingerprints{};  ///< of a virtual machine, what its host may know it by; ascending, each once
  /// Likewise of all virtual machines that run here; absent: not known (then what was said before holds).
  std::optional<std::vector<Fingerprint>> guest_fingerprints{};
  MachineMarks machine{};  ///< whoever says the same is another agent on this machine
  bool operator==(const Hello&) const = default;
};

/// A shape's own bytes as they travel: controllers keep and forward them unchanged.
struct EncodedShape {
  ShapeId id;                   ///< BLAKE2b-128 over (schema version u32 LE, raw bytes)
  bool compressed = false;      ///< zstd, used when raw is over 512 bytes and it helps
  std::uint32_t raw_bytes = 0;  ///< size before compression
  Bytes body;
  bool operator==(const EncodedShape&) const = default;
};

struct ShapeMessage {
  Envelope envelope;
  EncodedShape shape;  ///< shape.id is not sent: the receiver computes it from the bytes
  bool operator==(const ShapeMessage&) const = default;
};

/// I am alive; and the few readings that moved.
struct Heartbeat {
  Envelope envelope;
  std::uint64_t shape_prefix = 0;
  Readings moved;
  bool operator==(const Heartbeat&) const = default;
};

/// Everything that is known about use now.
struct UsageMessage {
  Envelope envelope;
  std::uint64_t shape_prefix = 0;
  Usage usage;
  /// The accelerators are hello's, each once: their addresses did not travel and are empty here (see common/accelerator_addresses.hpp).
  bool addresses_as_in_hello = false;
  bool operator==(const UsageMessage&) const = default;
};

/// Orderly end of an agent.
struct Bye {
  Envelope envelope;
  std::string reason;
  bool operator==(const Bye&) const = default;
};

using AgentMessage = std::variant<Hello, ShapeMessage, Heartbeat, UsageMessage, Bye>;

/// The controller's answer to every message.
struct Ack {
  std::uint64_t epoch = 0;                  ///< random per controller start, never 0
  std::uint64_t run_id = 0;                 ///< echo: which start of the agent is meant
  std::uint32_t session = 0;                ///< given at hello, growing per node; 0 = none yet, say hello
  std::uint32_t applied_seq = 0;            ///< newest seq that is in the map; dies with the controller process
  std::uint32_t durable_seq = 0;            ///< newest seq whose durable part (enrolment, site, shape binding) is committed
  std::uint32_t next_interval_ms = 10'000;  ///< until the next heartbeat, jitter included
  bool need_hello = false, need_shape = false, need_usage = false;
  std::uint32_t benchmark_seconds = 0;  ///< asks for a benchmark of so many seconds each test, at most 3600; 0 = none is asked for
  std::uint64_t time_unix_ms = 0;       ///< the controller's wall clock
  bool operator==(const Ack&) const = default;
};

/// Asked on the enrolment port by a machine that is not known yet. Its key is the CURVE key of the connection.
struct Join {
  std::string token_secret;  ///< from `capmapctl token create`, 26 base32 characters
  std::string hostname;
  std::string public_key;  ///< Z85, must equal the connection's own key
  bool operator==(const Join&) const = default;
};

/// Answer to Join: either an id and where to report, or a refusal with the reason.
struct Joined {
  bool accepted = false;
  std::string reason;  ///< why not; empty when accepted
  NodeId node_id;
  std::string site_name;
  std::uint16_t port = 0;  ///< message port of the same host
  /// Not accepted, but not for good either: ask again after so many seconds. 0 = for good, or not said.
  std::uint32_t retry_after_s = 0;
  bool pending = false;         ///< with retry_after_s: an admin has to approve it first; `node_id` is what it waits under
  std::uint16_t next_port = 0;  ///< of the same host: where the server's next key is served while it changes; 0 = not said
  bool operator==(const Joined&) const = default;
};

}  // namespace capmap
