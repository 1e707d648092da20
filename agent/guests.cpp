#include "agent/guests.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "agent/guest_lines.hpp"
#include "agent/own_fingerprints.hpp"
#include "agent/privileged_facts.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostInterfaces = 16'384;
/// One of them is held by each guest; a kernel that has KVM built in shows none.
constexpr std::array<const char*, 3> kModules = {"kvm_intel", "kvm_amd", "kvm_hv"};

bool is_guests_port(const std::string& name) {
  return name.starts_with("tap") || name.starts_with("vnet") || name.starts_with("macvtap");
}

}  // namespace

Guests::Guests(const AgentSettings& settings, const std::string& probe)
    : root_(settings.root),
      probe_(probe),
      privileged_(privileged_path(settings.state)),
      salt_(settings.salt()),
      every_ms_(std::uint64_t{settings.guests_every_s} * 1'000) {}

std::optional<std::size_t> Guests::signs() const {
  if (!root_.exists("dev/kvm")) return std::nullopt;
  std::string text;
  bool told = false, held = false;
  for (const std::string module : kModules) {
    const auto holders = root_.read_u64("sys/module/" + module + "/refcnt");
    if (!holders) continue;
    told = true;
    held = held || *holders > 0;
    text += module + std::to_string(*holders);
  }
  if (told && !held) return std::nullopt;
  const auto names = root_.list("sys/class/net", kMostInterfaces);
  for (const auto& name : names ? *names : std::vector<std::string>()) {
    if (is_guests_port(name)) text += " " + name;
  }
  return std::hash<std::string>{}(text);
}

bool Guests::look_at_signs(std::uint64_t now_ms) {
  signs_due_ms_ = now_ms + std::min(kSignsEveryMs, every_ms_);
  const auto now = signs();
  if (!now) {
    signs_.reset();
    problems_.clear();
    return put({});
  }
  if (now_ms < look_due_ms_ || (now == signs_ && now_ms < anyway_ms_)) return false;
  signs_ = now;
  start(now_ms);
  return false;
}

bool Guests::step(std::uint64_t now_ms) {
  if (!child_) return now_ms >= signs_due_ms_ && look_at_signs(now_ms);
  if (const auto end = child_->poll()) {
    child_.reset();
    return take(*end);
  }
  if (!overdue_ && now_ms >= started_ms_ + kDeadlineMs) {
    overdue_ = true;
    problems_ = {{"guests", "capmap-probe guests has not answered within " + std::to_string(kDeadlineMs / 1'000) +
                                " s: a process it asks hangs; what it said before holds"}};
  }
  return false;
}

void Guests::start(std::uint64_t now_ms) {
  look_due_ms_ = now_ms + every_ms_;
  anyway_ms_ = now_ms + kAnywayAfter * every_ms_;
  started_ms_ = now_ms;
  overdue_ = false;
  auto child = ProbeChild::start(probe_, {"guests", "--root", root_.path()});
  if (!child) {
    problems_ = {{"guests", child.error().what}};
    signs_.reset();
    return;
  }
  child_.emplace(std::move(*child));
}

bool Guests::take(const ChildEnd& end) {
  auto lines = read_guest_lines(end.output);
  if (end.exit_code != 0 || !lines) {
    problems_ = {
        {"guests", end.exit_code != 0 ? "capmap-probe guests ended with code " + std::to_string(end.exit_code) : lines.error().what}};
    signs_.reset();  // again when the next look is due
    return false;
  }
  problems_ = std::move(lines->problems);
  std::vector<Fingerprint> guests;
  const auto add = [&guests](const std::optional<Fingerprint>& one) {
    if (one) guests.push_back(*one);
  };
  for (const auto& uuid : lines->uuids) add(uuid_fingerprint(salt_, uuid));
  for (const auto& address : lines->addresses) add(mac_fingerprint(salt_, address));
  std::ranges::sort(guests);
  guests.erase(std::unique(guests.begin(), guests.end()), guests.end());
  if (guests.size() > kMaxGuestFingerprints) {
    problems_.push_back({"guests", std::to_string(guests.size()) + " addresses and UUIDs of guests, over " +
                                       std::to_string(kMaxGuestFingerprints) + ": the others are counted beside this server"});
    guests.resize(kMaxGuestFingerprints);
  }
  return put(std::move(guests));
}

bool Guests::put(std::vector<Fingerprint> guests) {
  if (guests_ == guests) return false;
  guests_ = std::move(guests);
  return true;
}

void Guests::add_to(Hello& facts) const {
  facts.guest_fingerprints = guests_;
  const bool is_guest = !facts.virtualization.empty() && facts.virtualization != "none";
  if (!is_guest) return;
  facts.fingerprints = read_own_fingerprints(root_, salt_);
  // Its UUID root alone may read.
  const auto privileged = root_.live() ? read_privileged_facts(privileged_) : Result<PrivilegedFacts>(Error{});
  if (!privileged || !privileged->uuid || privileged->salt_mark != salt_mark(salt_)) return;
  const auto at = std::ranges::lower_bound(facts.fingerprints, *privileged->uuid);
  const bool there = at != facts.fingerprints.end() && *at == *privileged->uuid;
  if (!there && facts.fingerprints.size() < kMaxFingerprints) facts.fingerprints.insert(at, *privileged->uuid);
}

void Guests::add_to(Usage& usage) const {
  usage.problems.insert(usage.problems.end(), problems_.begin(), problems_.end());
}

std::uint64_t Guests::due_ms() const {
  return child_ && !overdue_ ? started_ms_ + kDeadlineMs : UINT64_MAX;
}

}  // namespace capmap
