#include "tests/fleet/children.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>

#include "common/clock.hpp"
#include "common/codec.hpp"
#include "common/join_token.hpp"
#include "common/server_link.hpp"
#include "common/shape.hpp"

namespace capmap::fleet {
namespace {

constexpr std::uint32_t kOnTheWay = 8;  ///< messages of one child that are not acked yet
constexpr std::uint64_t kAskAgainMs = 5'000;
constexpr std::uint32_t kSilentTimes = 3;                            ///< asked again in vain, then the link is made anew
constexpr std::uint32_t kListedNodes = 5'000, kAliveNodes = 14'000;  ///< numbered one by one, as many as a message has room for

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
  Link(zmq::context_t& context, ServerLinkOptions link, const Clock& clock, Child child, const Shapes& shapes,
       const ChildrenOptions& faults, std::uint64_t start_ms)
      : link_(context, std::move(link), clock),
        child_(std::move(child)),
        shapes_(shapes),
        faults_(faults),
        dice_(faults.seed + child_.size()),
        restarted_ms_(start_ms) {}

  Result<Done> turn(std::uint64_t now_ms);
  /// The quiet point: faults end, readings stand still, and everything is told once more.
  void calm();
  /// Everything has been said, taken and acked, and stands still.
  [[nodiscard]] bool told() const { return told_ && waiting() == 0; }
  [[nodiscard]] const Child& child() const { return child_; }
  std::uint64_t states = 0;
  std::uint32_t refused_nodes = 0;

 private:
  [[nodiscard]] std::uint32_t waiting() const { return sent_seq_ - std::min(sent_seq_, acked_seq_); }
  void take(const BatchAck& ack);
  void start_over();
  void say_next(std::uint64_t now_ms);
  void say_in_full(std::uint64_t now_ms);
  void begin_round(std::uint64_t now_ms);
  void say(const ChildMessage& message, const Envelope& envelope, std::uint64_t now_ms);
  void say_states(const BatchStates& states, std::uint64_t now_ms);
  bool happens(std::uint32_t permille) { return !quiet_ && dice_() % 1'000 < permille; }

  ServerLink link_;
  Child child_;
  const Shapes& shapes_;
  const ChildrenOptions& faults_;
  Dice dice_;
  std::uint64_t restarted_ms_;
  std::vector<ShapeId> asked_;
  std::set<ShapeId> taught_;
  std::uint64_t epoch_ = 0, sent_ms_ = 0, round_ms_ = 0;
  std::uint32_t silent_ = 0;
  std::uint32_t sent_seq_ = 0, acked_seq_ = 0, interval_ms_ = 10'000;
  std::uint32_t named_ = 0, filled_ = 0, next_ = 0;  ///< said hello of, said in full, next to say in this round
  std::uint32_t retold_ = UINT32_MAX;                ///< who is not fresh, told in full up to this number
  bool told_ = false, quiet_ = false, needed_ = false;
};

void Link::start_over() {
  child_.restart();
  sent_seq_ = acked_seq_ = 0;
  needed_ = false;
  retold_ = 0;
  named_ = filled_ = next_ = 0;
  told_ = false;
  asked_.clear();
  taught_.clear();
}

void Link::take(const BatchAck& ack) {
  if (ack.run_id != child_.run_id()) return;
  link_.answered();
  silent_ = 0;
  const auto before = std::exchange(epoch_, ack.epoch);
  if (before != 0 && before != epoch_) return start_over();
  acked_seq_ = std::max(acked_seq_, ack.applied_seq);
  interval_ms_ = ack.next_interval_ms;
  refused_nodes = ack.refused_nodes;
  needed_ = !ack.need_shapes.empty();
  for (const auto& id : ack.need_shapes) {
    if (waiting() == 0) taught_.erase(id);  // all has arrived that will: its message was lost
    if (taught_.insert(id).second) asked_.push_back(id);
  }
  if (ack.nodes < named_ && waiting() == 0) {
    named_ = ack.nodes;
    filled_ = std::min(filled_, named_);
    told_ = false;
  }
}

void Link::say(const ChildMessage& message, const Envelope& envelope, std::uint64_t now_ms) {
  sent_seq_ = envelope.seq;
  sent_ms_ = now_ms;
  if (happens(faults_.loss_permille)) return;
  const auto bytes = encode(message);
  link_.send(bytes);
  if (happens(faults_.duplicate_permille)) link_.send(bytes);
}

void Link::say_states(const BatchStates& message, std::uint64_t now_ms) {
  if (message.count == 0) return;
  states += message.count;
  say(message, message.envelope, now_ms);
}

void Link::calm() {
  quiet_ = true;
  child_.calm();
  filled_ = retold_ = next_ = 0;
  told_ = false;
}

/// Everything of the next so many: the fresh ones, then the others, each kind in a message of its own.
void Link::say_in_full(std::uint64_t now_ms) {
  const auto all = static_cast<std::uint32_t>(child_.size());
  if (filled_ < all) {
    say_states(child_.full_states(filled_), now_ms);
    filled_ = std::min(all, filled_ + Child::kHelloNodes);
  } else {
    for (const auto state : {Child::State::kStale, Child::State::kLost, Child::State::kGone}) {
      say_states(child_.full_states_of(retold_, state), now_ms);
    }
    retold_ = std::min(all, retold_ + Child::kHelloNodes);
  }
  round_ms_ = now_ms;
  told_ = filled_ == all && retold_ >= all;
}

void Link::begin_round(std::uint64_t now_ms) {
  round_ms_ = now_ms;
  if (quiet_ || faults_.churn_permille == 0 || child_.servers().empty()) return;
  child_.churn(static_cast<std::uint32_t>(1 + child_.servers().size() * faults_.churn_permille / 1'000), named_);
  retold_ = 0;
  told_ = false;
}

void Link::say_next(std::uint64_t now_ms) {
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
  if (filled_ < all || retold_ < all) {
    // Shapes may still be asked for: what is said of a node whose shape is unknown cannot be judged.
    if (waiting() == 0 && !(needed_ && quiet_)) say_in_full(now_ms);
    if (waiting() == 0 && needed_ && quiet_ && now_ms >= sent_ms_ + kAskAgainMs) start_over();
    return;
  }
  if (next_ == 0 && now_ms < round_ms_ + interval_ms_) return;
  if (next_ == 0) begin_round(now_ms);
  const auto step = quiet_ ? kAliveNodes : faults_.churn_permille == 0 ? Child::kStateNodes : kListedNodes;
  say_states(quiet_ ? child_.alive(next_, step) : child_.moved_states(next_, step), now_ms);
  next_ += step;
  if (next_ >= all) next_ = 0;
}

Result<Done> Link::turn(std::uint64_t now_ms) {
  if (auto opened = link_.open_if_due(); !opened) return opened;
  link_.follow_events();
  while (const auto message = link_.next_message()) {
    if (const auto ack = decode_batch_ack(bytes_of(*message))) take(*ack);
  }
  link_.turn();
  if (!link_.ready()) return Done{};
  // Lost with its connection, or the controller is another one.
  const bool unheard = waiting() != 0 && now_ms >= sent_ms_ + kAskAgainMs;
  if (unheard && ++silent_ % kSilentTimes == 0) {
    link_.give_up("the parent is silent");
    return Done{};
  }
  if (unheard || (link_.take_up() && waiting() != 0)) start_over();
  if (!quiet_ && faults_.restart_every_s != 0 && now_ms >= restarted_ms_ + std::uint64_t{faults_.restart_every_s} * 1'000) {
    restarted_ms_ = now_ms;
    start_over();
  }
  for (std::uint32_t i = 0; i < kOnTheWay && waiting() < kOnTheWay; ++i) {
    const auto before = sent_seq_;
    say_next(now_ms);
    if (sent_seq_ == before) break;
  }
  return Done{};
}

Result<Done> write_truth(const std::string& folder, const Plan& plan, const std::vector<std::unique_ptr<Link>>& links) {
  auto file = TruthFile::create(folder, plan, "children");
  if (!file) return file.error();
  for (const auto& link : links) {
    const auto& child = link->child();
    for (std::size_t i = 0; i < child.servers().size(); ++i) {
      constexpr std::array kWords = {"fresh", "stale", "lost", "absent"};
      file->add(plan, child.servers()[i], kWords[static_cast<std::size_t>(child.state(i))]);
    }
  }
  return file->finish();
}

/// The link of one child: with a key of its own that stays, or with all that a controller keeps of keys in its state folder, where it joins
/// when there is none yet.
Result<ServerLinkOptions> link_of(const ChildrenOptions& options, const Division& division) {
  const auto token = parse_join_token(division.token);
  if (!token) return token.error();
  const auto folder = options.states + "/" + division.code, path = folder + "/parent.key";
  const bool keeps = !options.states.empty();
  ServerLinkOptions link{.dealer = {.endpoint = options.controller, .server_public_key = options.server_public_key, .keys = {}},
                         .key_max_age_ms = std::uint64_t{options.key_max_age_s} * 1'000,
                         .join_with = "join with another token"};
  if (!keeps || access(path.c_str(), F_OK) != 0) {
    const auto keys = join_all({division.token});
    if (!keys) return keys.error();
    link.dealer.keys = keys->front();
    if (!keeps) return link;
    if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return Error{ErrorCode::kUnavailable, folder + ": " + std::strerror(errno)};
    if (auto saved = save_curve_keys(path, keys->front()); !saved) return saved.error();
  }
  auto ring = KeyRing::open(path);
  if (!ring) return ring.error();
  auto server = KnownServer::open({.endpoint = options.controller,
                                   .public_key = options.server_public_key,
                                   .next_port = options.next_port,
                                   .enrol_port = token->enrol_port,
                                   .file = folder + "/parent.server"});
  if (!server) return server.error();
  link.ring = std::move(*ring);
  link.server = std::move(*server);
  return link;
}

}  // namespace

Result<Done> run_children(const ChildrenOptions& options, const Plan& plan, const std::vector<SiteId>& site_ids,
                          const std::vector<Division>& divisions) {
  for (const int number : {SIGTERM, SIGINT}) std::signal(number, [](int) { stop_asked = 1; });
  std::vector<ServerLinkOptions> links_of;
  for (const auto& division : divisions) {
    auto link = link_of(options, division);
    if (!link) return link.error();
    links_of.push_back(std::move(*link));
  }
  std::printf("joined children=%zu\n", links_of.size());
  std::fflush(stdout);
  Shapes shapes;
  for (const auto& machine : plan.machines) {
    auto packed = pack_shape(machine.shape);
    shapes.of_machine.push_back(packed.id);
    shapes.bytes.emplace(packed.id, std::move(packed));
  }
  std::map<std::string, std::vector<std::uint32_t>> of_division;
  for (std::uint32_t i = 0; i < plan.site_of.size(); ++i) of_division[plan.sites[plan.site_of[i]].region.substr(0, 2)].push_back(i);
  constexpr std::uint32_t kSocketsEach = 6;  // its link with a monitor's two ends, and a second one while it goes over to another port
  auto context = make_context(kSocketsEach * static_cast<std::uint32_t>(divisions.size()));
  std::vector<std::unique_ptr<Link>> links;
  const SystemClock clock;
  const auto start_ms = clock.boot_ms();
  for (std::size_t i = 0; i < divisions.size(); ++i) {
    links.push_back(std::make_unique<Link>(context, std::move(links_of[i]), clock,
                                           Child(plan, of_division[divisions[i].code], site_ids, options.seed), shapes, options,
                                           start_ms + i * options.restart_every_s * 1'000 / divisions.size()));
  }
  auto reported_ms = start_ms;
  bool quiet = false, written = false;
  std::uint64_t quiet_ms = 0;
  while (stop_asked == 0) {
    const auto now_ms = clock.boot_ms();
    if (options.seconds != 0 && now_ms >= start_ms + std::uint64_t{options.seconds} * 1'000) break;
    for (auto& link : links) {
      if (auto turned = link->turn(now_ms); !turned) return turned;
    }
    const bool told = std::ranges::all_of(links, [](const auto& link) { return link->told(); });
    if (!quiet && now_ms >= start_ms + std::uint64_t{options.quiet_after_s} * 1'000) {
      quiet = true;
      quiet_ms = now_ms;
      for (auto& link : links) link->calm();
      continue;
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
