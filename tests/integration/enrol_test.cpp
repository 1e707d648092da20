// The enrolment port with its real thread, store and sockets.
#include "controller/enrol.hpp"

#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "common/codec.hpp"
#include "common/join_token.hpp"
#include "controller/pipes.hpp"
#include "controller/requests.hpp"
#include "controller/store/state_folder.hpp"
#include "controller/store_thread.hpp"
#include "controller/zap.hpp"
#include "tests/support/program.hpp"

using namespace capmap;

namespace {

class EnrolPort {
 public:
  explicit EnrolPort(const std::string& state) {
    std::promise<void> zap_ready;
    zap_ = std::thread([&] { static_cast<void>(run_zap(strangers_, {.keys = "", .allow_any = true}, zap_ready, metrics_)); });
    zap_ready.get_future().wait();
    for (const auto& [name, pipe] : {std::pair{kMapPipe, &map}, {kKeysPipe, &keys}, {kHttpPipe, &http}}) {
      *pipe = std::move(*open_pull(context_, name));
    }
    admin_ = std::move(*open_push(context_, kAdminPipe));
    std::promise<Result<std::string>> ready;
    const CurveKeys keys_of_state = *load_server_keys(state);
    const EnrolOptions options{.endpoint = "tcp://127.0.0.1:0", .keys = keys_of_state};
    thread_ = std::thread(
        [this, options, &ready] { static_cast<void>(run_enrol(context_, strangers_, options, clock_, ready, enrol_metrics_)); });
    const auto endpoint = ready.get_future().get();
    REQUIRE(endpoint);
    const TokenMaking making{.advertise_host = "127.0.0.1",
                             .enrol_port = port_of(*endpoint),
                             .message_port = 4711,
                             .server_public_key = keys_of_state.public_key};
    store_ = std::thread([this, making, store = std::move(*open_store(state, NoStore::kRefuse))]() mutable {
      static_cast<void>(run_store(context_, making, std::move(store), clock_, health, store_metrics));
    });
  }
  ~EnrolPort() {
    send_stop(*open_push(context_, kEnrolPipe));
    thread_.join();
    send_stop(admin_);
    store_.join();
    strangers_.shutdown();
    zap_.join();
  }

  AdminChange ask(decltype(AdminRequest::what) what) {
    REQUIRE(send_object(admin_, std::make_unique<AdminRequest>(AdminRequest{.ticket = 9, .what = std::move(what)})));
    for (int i = 0; i < 500; ++i) {
      if (auto answer = receive_object<HttpInput>(http, 10)) return std::get<AdminAnswer>(**answer).what;
      // What the map has to show goes its way, after the change.
      auto input = receive_object<MapInput>(map, 0);
      auto* const shown = input ? std::get_if<AnswerWhenShown>(input->get()) : nullptr;
      if (shown != nullptr) return std::get<AdminAnswer>(*shown->answer).what;
    }
    FAIL("nobody answered");
    return Noted{};
  }
  JoinToken token(std::uint32_t uses, std::uint64_t lives_ms = 60'000) {
    const auto made = ask(CreateToken{.site = "here", .uses = uses, .expires_unix_ms = clock_.unix_ms() + lives_ms});
    return *parse_join_token(std::get<CreatedToken>(made).text);
  }

 private:
  zmq::context_t context_{1}, strangers_{1};

 public:
  zmq::socket_t map, keys, http;
  Published<StoreHealth> health;
  Published<Metrics> store_metrics;

 private:
  SystemClock clock_;
  Published<Metrics> metrics_, enrol_metrics_;
  zmq::socket_t admin_;
  std::thread zap_, thread_, store_;
};

Result<Joined> join(const JoinToken& token, const CurveKeys& own, std::string claimed_key = {}) {
  zmq::context_t context(1);
  auto socket = open_dealer(
      context, {.endpoint = tcp_endpoint(token.host, token.enrol_port), .server_public_key = token.server_public_key, .keys = own});
  if (!socket) return socket.error();
  if (claimed_key.empty()) claimed_key = own.public_key;
  if (auto sent = send(*socket, encode(Join{.token_secret = token.secret, .hostname = "newcomer", .public_key = claimed_key})); !sent) {
    return sent.error();
  }
  auto answer = receive(*socket, 5'000);
  if (!answer) return answer.error();
  return decode_joined({static_cast<const std::byte*>(answer->data()), answer->size()});
}

Site named(const std::string& name) {
  Site site;
  site.name = name;
  return site;
}

}  // namespace

TEST_CASE("enrol: a token lets in as many machines as it has uses; joining again with the same key gives the same id and uses nothing") {
  const support::TemporaryFolder folder;
  REQUIRE(create_state(folder.path(), named("here")));
  EnrolPort port(folder.path());
  const JoinToken token = port.token(2);
  const CurveKeys first = make_curve_keys(), second = make_curve_keys(), third = make_curve_keys();
  const auto one = join(token, first);
  REQUIRE(one);
  REQUIRE(one->accepted);
  CHECK(one->site_name == "here");
  CHECK(one->port == 4711);
  CHECK(join(token, first)->node_id == one->node_id);
  CHECK(join(token, second)->accepted);
  const auto refused = join(token, third);
  REQUIRE(refused);
  CHECK_FALSE(refused->accepted);
  CHECK(refused->reason.find("no uses left") != std::string::npos);
  CHECK(join(token, first)->node_id == one->node_id);

  auto update = receive_object<KeyUpdate>(port.keys, 5'000);  // zap and map heard of it
  REQUIRE(update);
  CHECK((*update)->public_key == first.public_key);
  CHECK((*update)->node == one->node_id);
  auto admitted = receive_object<MapInput>(port.map, 5'000);
  REQUIRE(admitted);
  CHECK(std::get<NodeAdmitted>(**admitted).node.id == one->node_id);
}

TEST_CASE("enrol: wrong secrets, expired tokens and borrowed keys are refused with the reason") {
  const support::TemporaryFolder folder;
  REQUIRE(create_state(folder.path(), named("here")));
  EnrolPort port(folder.path());
  JoinToken token = port.token(5);
  const CurveKeys own = make_curve_keys();
  CHECK(join(token, own, make_curve_keys().public_key)->reason.find("not the key of this connection") != std::string::npos);
  token.secret = random_secret();
  CHECK(join(token, own)->reason.find("does not know the token") != std::string::npos);
  const JoinToken brief = port.token(5, 200);
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  CHECK(join(brief, own)->reason.find("expired") != std::string::npos);
}

TEST_CASE("enrol: what was promised is there after the thread ended, tokens and their uses too") {
  const support::TemporaryFolder folder;
  REQUIRE(create_state(folder.path(), named("here")));
  NodeId id;
  const CurveKeys own = make_curve_keys();
  JoinToken token;
  {
    EnrolPort port(folder.path());
    token = port.token(1);
    id = join(token, own)->node_id;
    CHECK(std::get<Site>(port.ask(AddSite{named("there")})).name == "there");
    DeclaredCapacity declared;
    declared.figures[static_cast<std::size_t>(Declared::kCores)] = 64;
    CHECK(std::get<SiteDeclared>(port.ask(DeclareSite{.site = "there", .declared = declared})).site.declared == declared);
    CHECK(std::get<Error>(port.ask(DeclareSite{.site = "nowhere", .declared = declared})).code == ErrorCode::kAbsent);
    declared.figures[static_cast<std::size_t>(Declared::kPackages)] = 65;
    CHECK(std::get<Error>(port.ask(DeclareSite{.site = "there", .declared = declared})).what.find("declared.cores") == 0);
  }
  const auto store = open_store(folder.path(), NoStore::kRefuse);
  REQUIRE(store);
  std::vector<NodeId> nodes;
  REQUIRE((*store)->each_node([&nodes](const StoredNode& stored) { nodes.push_back(stored.node.id); }));
  CHECK(nodes == std::vector{id});
  CHECK((*(*store)->find_token(secret_hash(token.secret)))->uses_left == 0);
  CHECK((*store)->sites()->size() == 2);
  CHECK((*(*store)->find_site("there"))->declared.of(Declared::kCores) == 64U);
  std::string audit;
  const auto entries = (*store)->audit();
  REQUIRE(entries);
  for (const auto& entry : *entries) audit += entry.who + " " + entry.what + ";";
  CHECK(audit == "admin token_created;join node_joined;admin site_added;admin site_declared;");
  CHECK(entries->back().detail == "cores=64");
}

TEST_CASE("enrol: admin requests that make no sense are answered with the field") {
  const support::TemporaryFolder folder;
  REQUIRE(create_state(folder.path(), named("here")));
  EnrolPort port(folder.path());
  CHECK(std::get<Error>(port.ask(AddSite{named("here")})).code == ErrorCode::kDenied);
  CHECK(std::get<Error>(port.ask(AddSite{named("")})).what.find("name") == 0);
  CHECK(std::get<Error>(port.ask(CreateToken{.site = "nowhere", .uses = 1, .expires_unix_ms = UINT64_MAX})).code == ErrorCode::kAbsent);
  CHECK(std::get<Error>(port.ask(CreateToken{.site = "here", .uses = 0, .expires_unix_ms = UINT64_MAX})).what.find("uses") == 0);
  CHECK(std::get<Error>(port.ask(CreateToken{.site = "here", .uses = 1, .expires_unix_ms = 1})).what.find("expires") == 0);
}
