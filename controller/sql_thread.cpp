#include "controller/sql_thread.hpp"

#include <algorithm>
#include <utility>

#include "common/transport.hpp"
#include "controller/pipes.hpp"
#include "controller/requests.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kLookEveryMs = 100;  ///< whether the program ends

/// The map's rows, asked for over its pipe and waited for here.
class MapRows final : public NodeSource {
 public:
  MapRows(const SqlWorkerOptions& options, const Clock& clock, zmq::socket_t& map, zmq::socket_t& rows)
      : options_(options), clock_(clock), map_(map), rows_(rows) {}

  Result<NodeTold> ask(const NodeAsk& ask, std::uint64_t until_boot_ms) override {
    const auto ticket = ++last_ticket_;
    NodeQuery query{.ticket = ticket, .id = ask.id, .chunk = ask.chunk, .selection = ask.selection};
    query.parts = ask.parts;
    query.chunks = ask.chunks;
    query.worker = options_.number;
    if (auto sent = send_object(map_, std::make_unique<NodeQuery>(std::move(query)), false); !sent) return sent.error();
    for (;;) {
      const auto now_ms = clock_.boot_ms();
      if (now_ms >= until_boot_ms || (options_.stop != nullptr && options_.stop->load())) break;
      auto answer = receive_object<NodePartsAnswer>(rows_, static_cast<int>(std::min(until_boot_ms - now_ms, kLookEveryMs)));
      if (!answer && answer.error().code != ErrorCode::kTimeout) return answer.error();
      if (answer && *answer && (*answer)->ticket == ticket) return std::move((*answer)->told);  // others are of statements that have ended
    }
    return Error{ErrorCode::kTimeout, "the map did not answer in time"};
  }

 private:
  const SqlWorkerOptions& options_;
  const Clock& clock_;
  zmq::socket_t& map_;
  zmq::socket_t& rows_;
  std::uint64_t last_ticket_ = 0;
};

}  // namespace

Result<Done> run_sql_worker(zmq::context_t& context, const SqlWorkerOptions& options, const Clock& clock, Published<MapView>& view) {
  auto in = open_pull(context, kSqlPipes[options.number]);
  if (!in) return in.error();
  auto told = open_pull(context, kSqlRowsPipes[options.number]);
  if (!told) return told.error();
  auto map = open_push(context, kMapQueryPipe);
  if (!map) return map.error();
  auto out = open_push(context, kHttpPipe);
  if (!out) return out.error();
  MapRows rows(options, clock, *map, *told);
  for (;;) {
    auto job = receive_object<SqlJob>(*in, -1);
    if (!job) return job.error();
    if (!*job) return Done{};
    const auto now = view.take();
    SqlDone done{.ticket = (*job)->ticket, .worker = options.number, .what = SqlRefusal{}};
    if (now) {
      done.what = run_sql((*job)->question, {.view = now, .chips = options.chips, .nodes = rows, .clock = clock, .stop = options.stop});
    } else {
      done.what = SqlRefusal{.word = "unavailable", .detail = "the map is not there yet: ask again in a second", .place = std::nullopt};
    }
    if (auto sent = send_object(*out, std::make_unique<HttpInput>(std::move(done)), true); !sent) return sent.error();
  }
}

}  // namespace capmap
