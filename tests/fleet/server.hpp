#pragma once
#include <cstdint>
#include <fstream>
#include <string>

#include "tests/fleet/plan.hpp"

namespace capmap::fleet {

/// Random bits in eight bytes of state (splitmix64): there may be a million of them.
class Dice {
 public:
  using result_type = std::uint64_t;
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return UINT64_MAX; }
  result_type operator()() {
    std::uint64_t mixed = state_ += 0x9E37'79B9'7F4A'7C15U;
    mixed = (mixed ^ mixed >> 30U) * 0xBF58'476D'1CE4'E5B9U;
    mixed = (mixed ^ mixed >> 27U) * 0x94D0'49BB'1331'11EBU;
    return mixed ^ mixed >> 31U;
  }

 private:
  std::uint64_t state_;
};

/// One simulated server of a plan: what it is and what it uses. Equal servers differ in what real ones differ in: MemTotal, order of
/// devices, kernel, agent version, clock. The same (seed, number) gives the same server.
class Server {
 public:
  Server(const Plan& plan, std::uint32_t number, std::uint64_t seed);

  [[nodiscard]] Hello hello(std::uint64_t now_unix_ms) const;
  /// What an agent on it reads: a UUID and two ports of its own, made as boards and makers of ports number theirs.
  [[nodiscard]] MachineMarks marks() const;
  /// As a server of this shape: names of as many disks and ports as it has.
  [[nodiscard]] Hello hello_as(const Shape& shape, std::uint64_t now_unix_ms) const;
  [[nodiscard]] const Usage& usage() const { return usage_; }
  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] std::uint32_t machine() const { return machine_; }
  [[nodiscard]] std::uint32_t memory_total_mib() const { return memory_total_mib_; }
  [[nodiscard]] std::uint32_t pus() const { return pus_; }
  /// Use drifts as on a busy server; now and then a card is taken or given back.
  void walk();
  /// Only use of CPU and memory drifts.
  void drift();
  /// From now on it lies: more MemTotal than any server has, more use than there is.
  void lie();
  [[nodiscard]] bool lies() const { return lies_; }

 private:
  std::uint32_t number_, machine_;
  Dice random_;
  std::uint64_t memory_total_bytes_ = 0;
  std::uint32_t memory_total_mib_ = 0, pus_ = 0, disks_ = 0, nics_ = 0;
  std::uint64_t seed_ = 0;
  std::vector<std::string> addresses_;
  Usage usage_;
  bool lies_ = false;
};

/// Writes what is true: `folder`/machines.csv, a line a hardware row, and nodes.csv, a line a server with what it should be seen as.
/// An empty cell is what nobody can know.
class TruthFile {
 public:
  static Result<TruthFile> create(const std::string& folder, const Plan& plan, const std::string& part);
  /// liveness: "fresh", "lost", or "absent" where the controller has never heard of it. doubt: words of the reason why it is in no total;
  /// null where it is in them.
  void add(const Plan& plan, const Server& server, const char* liveness, const char* doubt = nullptr);
  Result<Done> finish();

 private:
  explicit TruthFile(std::ofstream nodes) : nodes_(std::move(nodes)) {}
  std::ofstream nodes_;
};

}  // namespace capmap::fleet
