// What happens, as it happens: Server-Sent Events (the HTML standard's event streams).
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/watchers.hpp"

namespace capmap {
namespace {

/// Where to begin: a browser's EventSource sends the header by itself when it comes again.
Result<Watchers::From> read_beginning(const Call& call) {
  Watchers::From from;
  if (const auto word = parameter(call.target, "follow")) {
    if (*word != "true" && *word != "false") return Error{ErrorCode::kMalformed, "follow: must be true or false"};
    from.follow = *word == "true";
  }
  const auto since = parameter(call.target, "since");
  const auto id = header(call.request, "last-event-id");
  if (id && !id->empty()) {
    const auto last = parse_event_id("Last-Event-ID", std::string(*id));
    if (!last) return last.error();
    from.last = *last;
  } else if (since == "oldest") {
    from.oldest = true;
  } else if (since) {
    const auto last = parse_event_id("since", *since);
    if (!last) return last.error();
    from.last = *last;
  }
  return from;
}

}  // namespace

Outcome get_events(const Call& call) {
  auto question = read_watch_question(call);
  if (auto* const refused = std::get_if<HttpResponse>(&question)) return *refused;
  auto from = read_beginning(call);
  if (!from) return error_response(from.error());
  if (call.request.method == "HEAD") return HttpResponse{.status = 200, .content_type = "text/event-stream", .body = {}, .headers = {}};
  return call.watchers.open(std::move(std::get<WatchQuestion>(question)), call.gate.standing_of(call.request, call.asker->principal),
                            call.asker->address, call.view, *from);
}

}  // namespace capmap
