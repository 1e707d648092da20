// Requests into the API without its sockets: "METHOD TARGET" in the first line, the body behind it, which stands as Accept header and
// others too. The first byte chooses who asks: the admin, or a user of one region by an API token; or words without a request. Questions to
// other threads are answered at once, in turn with rows, changes and errors. Whatever is asked, the answer is a known status with JSON
// that can be read.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "common/join_token.hpp"
#include "controller/http/api.hpp"
#include "controller/http/guard.hpp"
#include "controller/http/http.hpp"
#include "controller/map/filter.hpp"
#include "controller/map/rollup.hpp"
#include "controller/requests.hpp"
#include "tests/fuzz/input_folder.hpp"
#include "tests/support/admin_answers.hpp"
#include "tests/support/http_world.hpp"
#include "tests/support/small_view.hpp"

using namespace capmap;

namespace {

constexpr const char* kUser = "li";
constexpr const char* kUserToken = "cma1.of-the-fuzzer";

HttpOptions options_of_admin() {
  HttpOptions options;
  options.admin_token_hash = secret_hash(support::kAdminToken);
  options.version = "9.8.7";
  return options;
}

std::shared_ptr<const AccessTable> one_user() {
  const Scope scope{.regions = {"11"}, .sites = {}};
  const User user{.name = kUser, .role = Role::kOperator, .scope = scope};
  const ApiToken token{.id = "t1", .user = kUser, .secret_hash = secret_hash(kUserToken), .role = Role::kOperator, .scope = scope};
  return std::make_shared<const AccessTable>(std::vector{user}, std::vector{token});
}

/// An API over a small map, which is made once.
struct World {
  World() {
    static const std::shared_ptr<const MapView> small = support::small_view(ManualClock().boot_ms());
    static const auto users = one_user();
    view.publish(small);
    access.publish(users);
  }
  Published<MapView> view;
  Published<AccessTable> access;
  ManualClock clock;
  Api api{options_of_admin(), {.view = view, .metrics = {}, .clock = clock, .access = &access}, [] { return Metrics(); }};
};

SqlDone answer_to(const SqlJob& job) {
  const auto& question = job.question;
  if (!question.sql.starts_with("SELECT")) {
    return {.ticket = job.ticket, .what = SqlRefusal{.word = "refused-sql", .detail = "no SELECT", .place = question.sql.size() / 2}};
  }
  SqlAnswer answer{.columns = {"a"}, .rows = question.csv ? "a\r\n1\r\n" : "[[1]]", .count = 1, .read = {"nodes"}};
  return {.ticket = job.ticket, .what = std::move(answer)};
}

Answer answer_to(const Ask& ask, std::size_t turn) {
  if (turn % 3 == 2) return Error{ErrorCode::kTimeout, "no answer"};
  if (const auto* query = std::get_if<NodeQuery>(&ask.question)) {
    NodeAnswer answer{.ticket = query->ticket, .rows = {}, .chunk_count = 3};
    for (std::uint8_t i = 0; i < 4; ++i) answer.rows.push_back(support::node_row(i));
    return answer;
  }
  if (const auto* past = std::get_if<HistoryRequest>(&ask.question)) {
    const auto* const usage = std::get_if<UsageQuestion>(&past->what);
    if (usage == nullptr) return HistoryAnswer{.ticket = past->ticket, .what = Error{ErrorCode::kAbsent, "no past"}};
    UsageFold fold(*usage, 1'790'000'000'000, 1'790'000'600'000, 300'000);
    return HistoryAnswer{.ticket = past->ticket, .what = fold.finish()};
  }
  if (const auto* job = std::get_if<PasswordJob>(&ask.question)) {
    return PasswordDone{.ticket = job->ticket, .fits = turn % 2 == 0, .hash = job->hash ? "" : "$argon2id$of the fuzzer"};
  }
  if (const auto* job = std::get_if<SqlJob>(&ask.question)) return answer_to(*job);
  return AdminAnswer{.ticket = 0, .what = support::admin_change(std::get<AdminRequest>(ask.question).what)};
}

void check_response(const HttpResponse& response) {
  check(response.status >= 200 && response.status <= 599 && response.status != 500, "an answer of an unknown kind");
  const bool json = response.content_type.find("json") != std::string::npos && !response.body.empty();
  check(!json || !nlohmann::json::parse(response.body, nullptr, false).is_discarded(), "an answer is not JSON");
}

/// What resources are given of a target is text without control characters.
void check_target(const std::string& text) {
  const auto target = parse_target(text);
  if (!target) return;
  const auto clean = [](const std::string& part) {
    return std::ranges::none_of(part, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  };
  check(std::ranges::all_of(target->segments, clean), "a control character in a path");
  for (const auto& [name, value] : target->query) check(clean(name) && clean(value), "a control character in a query");
}

void ask_api(const char* token, std::string_view text) {
  World world;
  HttpRequest request;
  request.version = "HTTP/1.1";
  request.headers = {{"host", "localhost"},
                     {"authorization", std::string("Bearer ") + token},
                     {"content-type", "application/json"},
                     {"idempotency-key", "one"}};
  auto head = take_line(text);
  request.method = take_until(head, ' ');
  request.target = head;
  check_target(request.target);
  request.body = text.substr(0, kMaxBodyBytes);
  for (const char* name : {"accept", "accept-encoding", "if-none-match", "last-event-id"}) request.headers.emplace_back(name, request.body);
  check(world.api.most_body_bytes(request) >= kMaxBodyBytes, "a body shorter than any may be");
  auto handled = world.api.handle(request);
  constexpr std::size_t kMostQuestions = 64;
  for (std::size_t turn = 0; turn < kMostQuestions; ++turn) {
    auto* ask = std::get_if<Ask>(&handled.outcome.what);
    if (ask == nullptr) break;
    const auto answer = answer_to(*ask, turn);
    const auto then = ask->then;  // the outcome it stands in is replaced
    handled.outcome = then(answer);
  }
  if (const auto* response = std::get_if<HttpResponse>(&handled.outcome.what)) check_response(world.api.finish(handled.route, *response));
}

/// Words that arrive inside a target, without its escapes.
void read_words(std::string_view text) {
  static const auto view = support::small_view(1'000'000);
  static_cast<void>(parse_measures(text).ok());
  is_local_host_header(text);
  static_cast<void>(cookie_value(text, Gate::kCookie).size());
  static_cast<void>(plain_address(text).size());
  if (const auto ranges = parse_address_ranges(text)) {
    for (const auto& range : *ranges)
      check(range.prefix_bits <= 128 && (range.prefix_bits > 0 || range.contains_loopback()), "a range that is none");
  }
  const auto half = text.size() / 2;
  const auto filter = parse_filter(text);
  const auto by = parse_dimensions(text.substr(0, half));
  if (!filter) {
    check(filter.error().what.starts_with("at ") || filter.error().what.find("filter") != std::string::npos, "no place is named");
    return;
  }
  RollupQuery query;
  query.filter = *filter;
  if (by) query.by = *by;
  const auto rollup = roll_up_query(*view, query, 1'000'000);
  check(rollup.total.installed_nodes <= 5, "a filter made nodes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = fuzz::text_of(data + 1, size - 1);
  if (data[0] % 4 == 0) {
    read_words(text);
  } else {
    ask_api(data[0] % 4 == 2 ? kUserToken : support::kAdminToken, text);
  }
  return 0;
}
