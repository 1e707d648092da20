#include "tests/fleet/children.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <unordered_map>

#include "common/clock.hpp"
#include "common/codec.hpp"
#include "common/shape.hpp"

namespace capmap::fleet {
namespace {

constexpr std::uint32_t kOnTheWay = 8;  ///< messages of one child that are not acked yet
constexpr std::uint64_t kAskAgainMs = 5'000;

volatile std::sig_atomic_t stop_asked = 0;

std::span<const std::byte> bytes_of(const zmq::message_t& message) {
  return {static_cast<const std::byte*>(message.data()), message.size()};
}

struct Shapes {
  std::vector<ShapeId> of_machine;
  std::unordered_map<ShapeId, EncodedShape, IdHash> bytes;
};

/// One child controller: what it has still to say, in order, as acks allow.
class Link {
 public:
  Link(zmq::socket_t dealer, Child child, const Shapes& shapes) : dealer_(std::move(dealer)), child_(std::move(child)), shapes_(shapes) {}

  void turn(std::uint64_t now_ms, bool quiet);
  /// Everything has been said, taken and acked, and stands still.
  [[nodiscard]] bool told() const { return told_ && waiting() == 0; }
  [[nodiscard]] const Child& child() const { return child_; }
  std::uint64_t states = 0;
  std::uint32_t refused_nodes = 0;

 private:
  [[nodiscard]] std::uint32_t waiting() const { return sent_seq_ - std::min(sent_seq_, acked_seq_); }
  void take(const BatchAck& ack);
  void start_over();
  void say_next(std::uint64_t now_ms, bool quiet);
  void say(const ChildMessage& message, const Envelope& envelope, std::uint64_t now_ms);

  zmq::socket_t dealer_;
  Child child_;
  const Shapes& shapes_;
  std::vector<ShapeId> asked_;
  std::set<ShapeId> taught_;
  std::uint64_t epoch_ = 0, sent_ms_ = 0, round_ms_ = 0;
  std::uint32_t sent_seq_ = 0, acked_seq_ = 0, interval_ms_ = 10'000;
  std::uint32_t named_ = 0, filled_ = 0, next_ = 0;  ///< said hello of, said in full, next to say in this round
  bool told_ = false;
};

void Link::start_over() {
  named_ = filled_ = next_ = 0;
  told_ = false;
  asked_.clear();
  taught_.clear();
}

void Link::take(const BatchAck& ack) {
  if (ack.run_id != child_.run_id()) return;
  if (epoch_ != ack.epoch || ack.session == 0) {
    if (epoch_ != 0 && epoch_ != ack.epoch) start_over();
    epoch_ = ack.epoch;
  }
  acked_seq_ = std::max(acked_seq_, ack.applied_seq);
  interval_ms_ = ack.next_interval_ms;
  refused_nodes = ack.refused_nodes;
  for (const auto& id : ack.need_shapes) {
    if (!taught_.contains(id)) asked_.push_back(id);
    taught_.insert(id);
  }
  if (ack.nodes < named_ && waiting() == 0) {
    named_ = ack.nodes;
    filled_ = std::min(filled_, named_);
  }
}

void Link::say(const ChildMessage& message, const Envelope& envelope, std::uint64_t now_ms) {
  sent_seq_ = envelope.seq;
  sent_ms_ = now_ms;
  static_cast<void>(send(dealer_, encode(message)));
}

void Link::say_next(std::uint64_t now_ms, bool quiet) {
  if (!asked_.empty()) {
    const ShapeMessage message{.envelope = child_.envelope(), .shape = shapes_.bytes.at(asked_.back())};
    asked_.pop_back();
    return say(message, message.envelope, now_ms);
  }
  const auto all = static_cast<std::uint32_t>(child_.size());
  if (named_ < all) {
    const auto message = child_.hello(named_, shapes_.of_machine);
    named_ += static_cast<std::uint32_t>(message.nodes.size());
    return say(message, message.envelope, now_ms);
  }
  if (filled_ < all) {
    if (waiting() != 0) return;  // shapes may still be asked for: what is said of a node whose shape is unknown cannot be judged
    const auto message = child_.full_states(filled_);
    filled_ += message.count;
    round_ms_ = now_ms;
    if (filled_ == all) told_ = true;
    states += message.count;
    return say(message, message.envelope, now_ms);
  }
  if (next_ == 0 && now_ms < round_ms_ + interval_ms_) return;
  if (next_ == 0) round_ms_ = now_ms;
  BatchStates message;
  if (quiet) {
    message.envelope = child_.envelope();
    message.first = next_;
    message.count = std::min<std::uint32_t>(kMaxBatchNodes, all - next_);
    message.liveness = BatchLiveness::kFresh;
  } else {
    message = child_.moved_states(next_);
  }
  next_ += message.count;
  if (next_ >= all) next_ = 0;
  states += message.count;
  say(message, message.envelope, now_ms);
}

void Link::turn(std::uint64_t now_ms, bool quiet) {
  for (;;) {
    auto message = receive(dealer_, 0);
    if (!message) break;
    if (const auto ack = decode_batch_ack(bytes_of(*message))) take(*ack);
  }
  if (waiting() != 0 && now_ms >= sent_ms_ + kAskAgainMs) {  // lost with its connection, or the controller is another one
    acked_seq_ = sent_seq_;
    start_over();
  }
  for (std::uint32_t i = 0; i < kOnTheWay && waiting() < kOnTheWay; ++i) {
    const auto before = sent_seq_;
    say_next(now_ms, quiet);
    if (sent_seq_ == before) return;
  }
}

Result<Done> write_truth(const std::string& folder, const Plan& plan, const std::vector<std::unique_ptr<Link>>& links) {
  auto file = TruthFile::create(folder, plan, "children");
  if (!file) return file.error();
  for (const auto& link : links) {
    for (const auto& server : link->child().servers()) file->add(plan, server, "fresh");
  }
  return file->finish();
}

}  // namespace

Result<Done> run_children(const ChildrenOptions& options, const Plan& plan, const std::vector<SiteId>& site_ids,
                          const std::vector<Division>& divisions) {
  for (const int number : {SIGTERM, SIGINT}) std::signal(number, [](int) { stop_asked = 1; });
  std::vector<std::string> tokens;
  for (const auto& division : divisions) tokens.push_back(division.token);
  const auto keys = join_all(tokens);
  if (!keys) return keys.error();
  std::printf("joined children=%zu\n", keys->size());
  Shapes shapes;
  for (const auto& machine : plan.machines) {
    auto packed = pack_shape(machine.shape);
    shapes.of_machine.push_back(packed.id);
    shapes.bytes.emplace(packed.id, std::move(packed));
  }
  std::map<std::string, std::vector<std::uint32_t>> of_division;
  for (std::uint32_t i = 0; i < plan.site_of.size(); ++i) of_division[plan.sites[plan.site_of[i]].region.substr(0, 2)].push_back(i);
  auto context = make_context(static_cast<std::uint32_t>(divisions.size()));
  std::vector<std::unique_ptr<Link>> links;
  for (std::size_t i = 0; i < divisions.size(); ++i) {
    auto dealer =
        open_dealer(context, {.endpoint = options.controller, .server_public_key = options.server_public_key, .keys = (*keys)[i]});
    if (!dealer) return dealer.error();
    dealer->set(zmq::sockopt::linger, 500);
    links.push_back(
        std::make_unique<Link>(std::move(*dealer), Child(plan, of_division[divisions[i].code], site_ids, options.seed), shapes));
  }
  const SystemClock clock;
  const auto start_ms = clock.boot_ms();
  auto reported_ms = start_ms;
  bool quiet = false, written = false;
  std::uint64_t quiet_ms = 0;
  while (stop_asked == 0) {
    const auto now_ms = clock.boot_ms();
    if (options.seconds != 0 && now_ms >= start_ms + std::uint64_t{options.seconds} * 1'000) break;
    for (auto& link : links) link->turn(now_ms, quiet);
    const bool told = std::ranges::all_of(links, [](const auto& link) { return link->told(); });
    if (!quiet && told && now_ms >= start_ms + std::uint64_t{options.quiet_after_s} * 1'000) {
      quiet = true;
      quiet_ms = now_ms;
    }
    if (quiet && !written && told && now_ms >= quiet_ms + 1'000) {
      written = true;
      if (!options.truth.empty()) {
        if (auto wrote = write_truth(options.truth, plan, links); !wrote) return wrote;
      }
      std::puts("quiet");
    }
    if (now_ms >= reported_ms + 5'000) {
      reported_ms = now_ms;
      std::uint64_t states = 0, refused = 0;
      for (const auto& link : links) {
        states += link->states;
        refused += link->refused_nodes;
      }
      std::printf("children=%zu states=%llu refused_nodes=%llu told=%d\n", links.size(), static_cast<unsigned long long>(states),
                  static_cast<unsigned long long>(refused), told ? 1 : 0);
    }
    std::fflush(stdout);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return Done{};
}

}  // namespace capmap::fleet
