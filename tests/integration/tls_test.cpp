// The API over TLS, asked by the curl that anybody has and by capmapctl's client.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <vector>

#include "controller/ctl/http_client.hpp"
#include "controller/http/exposure.hpp"
#include "controller/http/listener.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/program.hpp"
#include "tests/support/whole_controller.hpp"

using namespace capmap;
using namespace capmap::support;
using Catch::Contains;

namespace {

/// A self-signed pair in files.
struct Pair {
  explicit Pair(const std::string& folder, const std::string& name = "one")
      : certificate(folder + "/" + name + ".crt"), key(folder + "/" + name + ".key") {
    const auto made = make_self_signed(certificate, key, {"localhost", "127.0.0.1"}, SystemClock().unix_ms() / 1'000);
    if (!made) throw std::runtime_error(made.error().what);
    prints = *made;
  }
  std::string certificate, key;
  Fingerprints prints;
};

/// A controller that speaks TLS alone and lets nobody read unasked.
struct TlsWorld {
  TlsWorld() : pair(files.path()), controller(made(state.path()), over(pair)), admin(*load_admin_token(state.path())) {}
  static const std::string& made(const std::string& folder) {
    Site site;
    site.name = "here";
    if (const auto created = create_state(folder, site); !created) throw std::runtime_error(created.error().what);
    return folder;
  }
  static Reach over(const Pair& pair) {
    Reach reach;
    reach.tls = *TlsPair::load(pair.certificate, pair.key);
    reach.gate.anonymous_reads = false;
    reach.gate.local_hosts_only = false;
    return reach;
  }
  [[nodiscard]] std::string url() const { return "https://127.0.0.1:" + std::to_string(controller.port); }
  [[nodiscard]] Ran curl(std::vector<std::string> more) const {
    more.insert(more.begin(), {"curl", "-sS", "--max-time", "10", "-w", "\n%{http_code} %{ssl_verify_result}\n"});
    return run(more);
  }
  [[nodiscard]] Result<ApiReply> ask(const std::string& pin, const std::string& ca = {}) const {
    ApiRequest request{.method = "GET", .path = "/v1/session", .body = {}, .bearer = admin};
    request.tls_pin = pin;
    request.tls_ca = ca;
    return send_request(url(), 5'000, request);
  }
  TemporaryFolder files, state;
  Pair pair;
  WholeController controller;
  std::string admin;
};

void copy(const std::string& from, const std::string& to) {
  std::ofstream(to, std::ios::trunc) << std::ifstream(from).rdbuf();
}

}  // namespace

TEST_CASE("tls: curl reads the API where it trusts the certificate, and does not speak where it does not") {
  const TlsWorld world;
  const auto bearer = "Authorization: Bearer " + world.admin;
  const auto good = world.curl({"--cacert", world.pair.certificate, "-H", bearer, world.url() + "/v1/session"});
  INFO(good.output);
  CHECK(good.code == 0);
  CHECK_THAT(good.output, Contains("admin_token") && Contains("200 0"));
  const Pair other(world.files.path(), "other");
  CHECK(world.curl({"--cacert", other.certificate, "-H", bearer, world.url() + "/v1/session"}).code == 60);
  CHECK(world.curl({"-k", "--tls-max", "1.1", world.url() + "/healthz"}).code != 0);  // versions that are no longer safe
  const auto unasked = world.curl({"-k", world.url() + "/v1/map"});
  CHECK_THAT(unasked.output, Contains("401") && Contains("who asks must be known here"));
  const auto elsewhere = world.curl({"-k", "-H", "Host: map.example.org", "-H", bearer, world.url() + "/v1/sites"});
  CHECK_THAT(elsewhere.output, Contains("200 "));
}

TEST_CASE("tls: capmapctl's client trusts a key by its fingerprint alone, and tells one that was exchanged") {
  const TlsWorld world;
  for (const auto& pin : {world.pair.prints.public_key, with_colons(world.pair.prints.public_key)}) {
    const auto reply = world.ask(pin);
    REQUIRE(reply);
    CHECK(reply->status == 200);
  }
  CHECK(world.ask({}, world.pair.certificate)->status == 200);
  const auto exchanged = world.ask(std::string(64, 'a'));
  CHECK(exchanged.error().code == ErrorCode::kDenied);
  CHECK_THAT(exchanged.error().what, Contains("another key"));
  CHECK(world.ask("abc").error().code == ErrorCode::kMalformed);
  CHECK_THAT(world.ask({}).error().what, Contains("--tls-ca"));
}

TEST_CASE("tls: plain text and rubbish on the TLS port get no answer of HTTP and disturb nobody") {
  const TlsWorld world;
  for (const std::string& bytes : {std::string("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"), std::string(5'000, '\xff'),
                                   std::string("\x16\x03\x01\x40\x00", 5), std::string("\0", 1)}) {
    Peer peer(world.controller.port);
    peer.say(bytes);
    CHECK(peer.hear(SIZE_MAX, 300).find("HTTP/") == std::string::npos);
  }
  CHECK(world.ask(world.pair.prints.public_key)->status == 200);
}

TEST_CASE("tls: who never shakes hands keeps nobody out") {
  const TlsWorld world;
  std::vector<Peer> silent;
  for (int i = 0; i < 100; ++i) silent.emplace_back(world.controller.port);
  CHECK(world.ask(world.pair.prints.public_key)->status == 200);
}

TEST_CASE("tls: a pair read anew is shown to new connections, and one that is no good leaves the old one") {
  TlsWorld world;
  ControllerSettings settings;
  settings.tls_certificate = world.pair.certificate;
  settings.tls_key = world.pair.key;
  const auto old = world.pair.prints.public_key;
  const auto now = SystemClock().unix_ms();
  std::ofstream(world.pair.certificate, std::ios::trunc) << "rubbish";
  reload_tls(settings, world.controller.tls, now);
  CHECK(world.ask(old)->status == 200);
  const Pair next(world.files.path(), "next");
  copy(next.certificate, world.pair.certificate);  // the old key beside the new certificate: half of an exchange
  reload_tls(settings, world.controller.tls, now);
  CHECK(world.ask(old)->status == 200);
  copy(next.key, world.pair.key);
  reload_tls(settings, world.controller.tls, now + 20ULL * 365 * 86'400'000);  // by then it has expired
  CHECK(world.ask(old)->status == 200);
  reload_tls(settings, world.controller.tls, now);
  CHECK(world.ask(next.prints.public_key)->status == 200);
  CHECK_FALSE(world.ask(old));
}

TEST_CASE("tls: a key others may read, another's key, and half a pair are refused with what mends it") {
  const TemporaryFolder folder;
  const Pair pair(folder.path()), other(folder.path(), "other");
  struct stat status {};
  REQUIRE(stat(pair.key.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600);
  CHECK_THAT(TlsPair::load(pair.certificate, other.key).error().what, Contains("is not the key of"));
  chmod(pair.key.c_str(), 0640);
  const auto open = TlsPair::load(pair.certificate, pair.key);
  CHECK(open.error().code == ErrorCode::kDenied);
  CHECK_THAT(open.error().what, Contains("chmod 600 " + pair.key));
  CHECK_THAT(TlsPair::load(other.key, other.key).error().what, Contains("PEM"));
  CHECK(TlsPair::load(folder.path() + "/none", other.key).error().code == ErrorCode::kAbsent);
  CHECK(make_self_signed(other.certificate, folder.path() + "/new", {"a"}, 0).error().code == ErrorCode::kUnavailable);
  ControllerSettings half;
  half.tls_certificate = pair.certificate;
  CHECK_THAT(read_tls(half).error().what, Contains("http.tls_key"));
}

TEST_CASE("exposure: plain HTTP beyond this machine is refused with what to do, and so is a proxy anybody here could play") {
  const auto refused = open_listener("0.0.0.0", 0, false);
  CHECK(refused.error().code == ErrorCode::kDenied);
  for (const char* fix : {"http.tls_certificate", "capmapctl tls self-signed", "http.behind_proxy"})
    CHECK_THAT(refused.error().what, Contains(fix));
  CHECK(open_listener("nonsense", 0, true).error().code == ErrorCode::kMalformed);
  ControllerSettings settings;
  CHECK(read_gate(settings)->anonymous_reads);
  CHECK(read_gate(settings)->local_hosts_only);
  settings.http_address = "192.0.2.1";
  CHECK_FALSE(read_gate(settings)->anonymous_reads);
  settings.anonymous = "read";
  CHECK(read_gate(settings)->anonymous_reads);
  settings.anonymous = "all";
  CHECK_FALSE(read_gate(settings));
  settings = {};
  settings.proxy_user_header = "X-Remote-User";
  CHECK_THAT(read_gate(settings).error().what, Contains("http.behind_proxy"));
  settings.behind_proxy = "127.0.0.1";
  CHECK_THAT(read_gate(settings).error().what, Contains("http.proxy_secret"));
  settings.behind_proxy = "192.0.2.9";
  const auto gate = read_gate(settings);
  REQUIRE(gate);
  CHECK(gate->proxy_user_header == "x-remote-user");
  CHECK_FALSE(gate->anonymous_reads);
  settings.proxy_user_header = "X Remote";
  CHECK_FALSE(read_gate(settings));
}

TEST_CASE("exposure: the controller itself does not start with plain HTTP beyond this machine") {
  const TemporaryFolder folder;
  Site site;
  site.name = "here";
  REQUIRE(create_state(folder.path(), site));
  const auto ran = run({"capmap-controller", "--state", folder.path(), "--http-address", "0.0.0.0", "--http-port", "0", "--messages-port",
                        "0", "--enrol-port", "0", "--messages-address", "127.0.0.1"});
  CHECK(ran.code == 1);
  CHECK_THAT(ran.output, Contains("http.tls_certificate"));
}
