// What becomes of nodes: events tell changes of state, looks at the list tell use.
#include "controller/ctl/nodes_watch.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "common/clock.hpp"
#include "common/ids.hpp"
#include "common/time_text.hpp"
#include "controller/ctl/event_text.hpp"
#include "controller/ctl/http_client.hpp"
#include "controller/ctl/node_pages.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/ctl/units.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

constexpr std::uint64_t kFirstPauseMs = 1'000, kMostPauseMs = 30'000;
constexpr std::size_t kTableRows = 30, kEventRows = 8;
constexpr std::uint64_t kTwentieth = 20;

bool may_pass(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kTimeout;
}

std::string part_text(const std::optional<std::uint64_t>& used, const std::optional<std::uint64_t>& all, std::uint64_t unit,
                      std::string (*text)(WideAmount)) {
  return (used ? text(*used) : "unknown") + " of " + (all ? text(*all * unit) : "unknown");
}

class Watcher {
 public:
  Watcher(const ApiConnection& connection, const Screen& screen, const NodesWatch& watch)
      : connection_(connection), screen_(screen), watch_(watch) {}

  Result<Done> run() {
    if (!watch_.node.empty()) {
      auto path = node_path(connection_, watch_.node);
      if (!path) return path.error();
      path_ = *path;
    }
    if (auto looked = look(); !looked) return looked;
    for (;;) {
      reader_ = {};
      const auto done = api_get_stream(connection_, events_path(), [this](std::string_view bytes) { return take(bytes); });
      if (broken_) return *broken_;
      if (!screen_.out) return Done{};
      if (!done && (!may_pass(done.error()) || !begun_)) return done;
      pause(done ? "the controller ended it" : done.error().what);
    }
  }

 private:
  [[nodiscard]] std::string events_path() const {
    std::string path = "/v1/events?follow=true&kind=node,map";  // sums of the map come when anything moves: time to look
    if (!watch_.filter.site.empty()) path += "&site=" + url_escaped(watch_.filter.site);
    if (!last_.empty()) path += "&since=" + url_escaped(last_);
    return path;
  }

  bool take(std::string_view bytes) {
    const auto messages = reader_.take(bytes);
    if (!messages) {
      broken_ = messages.error();
      return false;
    }
    for (const auto& message : *messages) hear(message);
    if (clock_.boot_ms() >= looked_ms_ + watch_.every_s * std::uint64_t{1'000}) {
      if (auto looked = look(); !looked && !may_pass(looked.error())) broken_ = looked.error();
    }
    screen_.out.flush();
    return !broken_ && static_cast<bool>(screen_.out);
  }

  void hear(const StreamMessage& message) {
    begun_ = true;
    pause_ms_ = kFirstPauseMs;
    if (!message.id.empty()) last_ = message.id;
    if (message.kind == "snapshot" || message.kind.starts_with("map.")) return;
    if (message.kind.starts_with("node.") && !concerns(message)) return;
    tell(screen_.json ? message.data : event_line(message));
  }

  /// Of one that nobody has seen yet a look tells whether it is among those that are watched.
  bool concerns(const StreamMessage& message) {
    const auto data = parse_answer(message.data);
    const auto id = data ? text_at(*data, "node") : std::nullopt;
    if (!id) return false;
    const bool all = watch_.node.empty() && watch_.filter.filter.empty() && watch_.filter.liveness.empty();
    if (!seen_.contains(*id) && watch_.node.empty()) static_cast<void>(look().ok());
    const auto at = seen_.find(*id);
    if (at != seen_.end()) {
      at->second.liveness = text_at(object_at(*data, "to"), "liveness").value_or(at->second.liveness);
    }
    return all || at != seen_.end();
  }

  Result<Done> look() {
    looked_ms_ = clock_.boot_ms();
    auto answer = path_.empty() ? read_nodes(connection_, watch_.filter) : api_get(connection_, path_);
    if (!answer) return answer.error();
    std::map<std::string, NodeSeen> now;
    const auto put = [this, &now](const Json& node) {
      auto seen = node_seen(node);
      compare(seen);
      now.insert_or_assign(seen.id, std::move(seen));
    };
    if (path_.empty()) {
      for (const Json& node : list_at(*answer, "nodes")) put(node);
      more_ = text_at(*answer, "next").has_value();
    } else {
      put(*answer);
    }
    seen_ = std::move(now);
    if (screen_.terminal && !screen_.json) draw();
    return Done{};
  }

  /// Says what events did not: use, and what was told of a site as a whole.
  void compare(NodeSeen& now) {
    const auto before = seen_.find(now.id);
    const bool first = before == seen_.end(), moved = !first && before->second.liveness != now.liveness;
    if (!first && !moved && !use_differs(before->second, now)) {
      now.busy_millicores = before->second.busy_millicores;  // small steps add up
      now.used_mib = before->second.used_mib;
      return;
    }
    if (screen_.terminal && !screen_.json) return;
    const auto at = rfc3339_text(clock_.unix_ms());
    if (screen_.json) {
      const auto number = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
      tell(Json{{"kind", "node.use"},
                {"at", at},
                {"node", now.id},
                {"hostname", now.hostname},
                {"liveness", now.liveness},
                {"cpu_busy_millicores", number(now.busy_millicores)},
                {"memory_used_mib", number(now.used_mib)},
                {"accelerators_used", number(now.accelerators_used)}}
               .dump(-1, ' ', false, Json::error_handler_t::replace));
    } else {
      tell(at + "  node.use        " + now.id + "  " + now.hostname + "  " + now.liveness + "  " + use_line(now));
    }
  }

  void tell(const std::string& line) {
    if (line.empty()) return;
    if (screen_.json) {
      screen_.out << line << "\n";
      return;
    }
    if (!screen_.terminal) {
      screen_.out << printable(line) << "\n";
      return;
    }
    newest_.push_back(printable(line));
    if (newest_.size() > kEventRows) newest_.pop_front();
    draw();
  }

  void draw() {
    using enum TextTable::Align;
    TextTable table({{"HOSTNAME", kLeft},
                     {"SITE", kLeft},
                     {"LIVENESS", kLeft, true},
                     {"SERVICE", kLeft},
                     {"AGE"},
                     {"PUS BUSY"},
                     {"MEMORY"},
                     {"ACCEL"}});
    std::size_t rows = 0;
    for (const auto& [id, node] : seen_) {
      if (++rows > kTableRows) break;
      table.add({node.hostname.empty() ? id : node.hostname, node.site, node.liveness, node.service_state,
                 node.age_ms ? age_text(*node.age_ms) : "–", part_text(node.busy_millicores, node.pus, 1'000, cores_text),
                 part_text(node.used_mib ? std::optional(*node.used_mib << 20U) : std::nullopt, node.memory_bytes, 1, memory_text),
                 part_text(node.accelerators_used, node.accelerators, 1, count_text)});
    }
    screen_.out << "\033[H\033[2J" << rfc3339_text(clock_.unix_ms()) << "\n\n" << table.text(screen_.look);
    if (seen_.size() > kTableRows || more_) screen_.out << count_text(kTableRows) << " nodes shown, there are more: --site or --filter\n";
    if (!newest_.empty()) screen_.out << "\n";
    for (const auto& line : newest_) screen_.out << line << "\n";
    screen_.out.flush();
  }

  void pause(const std::string& why) {
    if (!screen_.json) tell("-- " + why + ": asking again in " + std::to_string((pause_ms_ + 999) / 1'000) + " s");
    screen_.out.flush();
    std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms_ / 2 + random_u64() % (pause_ms_ / 2 + 1)));
    pause_ms_ = std::min(pause_ms_ * 2, kMostPauseMs);
  }

  const ApiConnection& connection_;
  const Screen& screen_;
  const NodesWatch& watch_;
  SystemClock clock_;
  std::string path_, last_;
  StreamReader reader_;
  std::optional<Error> broken_;
  std::map<std::string, NodeSeen> seen_;  ///< by id
  std::deque<std::string> newest_;
  std::uint64_t looked_ms_ = 0, pause_ms_ = kFirstPauseMs;
  bool begun_ = false, more_ = false;
};

bool moved(const std::optional<std::uint64_t>& before, const std::optional<std::uint64_t>& now, std::uint64_t step) {
  if (before.has_value() != now.has_value()) return true;
  return before && (*before > *now ? *before - *now : *now - *before) >= std::max<std::uint64_t>(step, 1);
}

}  // namespace

NodeSeen node_seen(const Json& node) {
  const Json &usage = object_at(node, "usage"), &hardware = object_at(node, "hardware");
  const bool page = !usage.empty();
  NodeSeen seen{.id = text_at(node, "id").value_or(""),
                .hostname = text_at(node, "hostname").value_or(""),
                .site = text_at(object_at(node, "site"), "name").value_or("unknown"),
                .liveness = text_at(node, "liveness").value_or("unknown"),
                .service_state = text_at(node, "service_state").value_or("unknown"),
                .age_ms = number_at(node, "age_ms"),
                .pus = page ? number_at(node, "pus_allowed") : number_at(node, "pus"),
                .busy_millicores = number_at(page ? usage : node, "cpu_busy_millicores"),
                .memory_bytes = number_at(node, page ? "memory_total_bytes" : "memory_bytes"),
                .used_mib = number_at(page ? usage : node, "memory_used_mib"),
                .accelerators = number_at(node, "accelerators"),
                .accelerators_used = number_at(node, "accelerators_used")};
  if (!page) return seen;
  if (!seen.pus) seen.pus = number_at(object_at(hardware, "cpu"), "pus");
  const Json& counts = object_at(node, "accelerator_counts");
  seen.accelerators = number_at(counts, "pci_present");
  seen.accelerators_used = number_at(counts, "used");
  return seen;
}

std::string use_line(const NodeSeen& node) {
  std::string text = "busy " + part_text(node.busy_millicores, node.pus, 1'000, cores_text) + " PUs, memory ";
  text += part_text(node.used_mib ? std::optional(*node.used_mib << 20U) : std::nullopt, node.memory_bytes, 1, memory_text);
  if (node.accelerators.value_or(0) > 0) text += ", accelerators " + part_text(node.accelerators_used, node.accelerators, 1, count_text);
  return text;
}

bool use_differs(const NodeSeen& before, const NodeSeen& now) {
  return moved(before.accelerators_used, now.accelerators_used, 1) ||
         moved(before.busy_millicores, now.busy_millicores, now.pus.value_or(0) * 1'000 / kTwentieth) ||
         moved(before.used_mib, now.used_mib, (now.memory_bytes.value_or(0) >> 20U) / kTwentieth);
}

Result<Done> watch_nodes(const ApiConnection& connection, const Screen& screen, const NodesWatch& watch) {
  return Watcher(connection, screen, watch).run();
}

}  // namespace capmap
