#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <sstream>

#include "agent/metrics_address.hpp"
#include "agent/metrics_request.hpp"
#include "agent/metrics_text.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;

TEST_CASE("agent metrics: an address of this machine or a socket's path is taken, and nothing that others could reach") {
  const auto port = parse_metrics_address("127.0.0.1:9101");
  REQUIRE(port);
  CHECK(port->host == "127.0.0.1");
  CHECK(port->port == 9'101);
  CHECK(parse_metrics_address("127.9.9.9:0"));
  const auto six = parse_metrics_address("[::1]:9101");
  REQUIRE(six);
  CHECK(six->ipv6);
  CHECK(parse_metrics_address("/run/capmap-agent/metrics.sock")->path == "/run/capmap-agent/metrics.sock");
  for (const char* const text :
       {"0.0.0.0:9101", "10.0.0.1:9101", "128.0.0.1:9101", "[::]:9101", "[2001:db8::1]:9101", "[::ffff:127.0.0.1]:9101"}) {
    INFO(text);
    const auto refused = parse_metrics_address(text);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().what.find("could be reached by others") != std::string::npos);
  }
  for (const std::string text :
       {"", "9101", ":9101", "localhost:9101", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:1x",
        "127.0.0.1:000009101", "::1:9101", "[::1]", "[127.0.0.1]:9101", "127.0.0.1:9101 ", "metrics.sock"}) {
    INFO(text);
    const auto refused = parse_metrics_address(text);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::kMalformed);
    CHECK(refused.error().what.starts_with("metrics.listen: "));
  }
  CHECK_FALSE(parse_metrics_address("/" + std::string(107, 'a')));
  CHECK(parse_metrics_address("/" + std::string(106, 'a')));
}

TEST_CASE("agent metrics: a request is read when its head is whole, and what is none is refused") {
  const auto status = [](const std::string& text) {
    const auto asked = read_metrics_request(text);
    return asked ? asked->status : 0;
  };
  CHECK(status("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n") == 200);
  CHECK(status("GET /metrics?x=1 HTTP/1.0\r\n\r\n") == 200);
  CHECK_FALSE(read_metrics_request("HEAD /metrics HTTP/1.1\r\n\r\n")->body);
  CHECK(status("") == 0);
  CHECK(status("GET /metrics HTTP/1.1\r\n") == 0);
  CHECK(status("POST /metrics HTTP/1.1\r\n\r\n") == 405);
  CHECK(status("GET / HTTP/1.1\r\n\r\n") == 404);
  CHECK(status("GET /metricsx HTTP/1.1\r\n\r\n") == 404);
  for (const char* const text :
       {"\r\n\r\n", "GET\r\n\r\n", "GET /metrics\r\n\r\n", "GET /metrics HTTP/2\r\n\r\n", "GET  /metrics HTTP/1.1\r\n\r\n",
        "GET metrics HTTP/1.1\r\n\r\n", "GET /metrics HTTP/1.1 \r\n\r\n", "\x16\x03\x01\r\n\r\n"}) {
    INFO(text);
    CHECK(status(text) == 400);
  }
  CHECK(status(std::string(kMaxMetricsRequestBytes, 'a')) == 0);
  CHECK(status(std::string(kMaxMetricsRequestBytes + 1, 'a')) == 431);
  CHECK(status("GET /metrics HTTP/1.1\r\nX: " + std::string(kMaxMetricsRequestBytes, 'a') + "\r\n\r\n") == 431);
}

TEST_CASE("agent metrics: whatever bytes come, a request is not yet whole, or has one of the answers there are") {
  std::mt19937_64 random(run_seed());
  const std::string pieces[] = {"GET ", "HEAD ", "/metrics", " HTTP/1.1",          "\r\n", "\r\n\r\n", " ",
                                "?",    "\n",    "\r",       std::string(1, '\0'), "\xff"};
  const std::set<int> known = {200, 400, 404, 405, 431};
  std::size_t whole = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes;
    for (auto count = random() % 12; count > 0; --count) {
      bytes += random() % 4 == 0 ? std::string(1, static_cast<char>(random())) : pieces[random() % std::size(pieces)];
    }
    const auto asked = read_metrics_request(bytes);
    if (!asked) continue;
    ++whole;
    REQUIRE(known.contains(asked->status));
    const auto answer = metrics_answer(*asked, "text");
    REQUIRE(answer.starts_with("HTTP/1.1 " + std::to_string(asked->status) + " "));
    REQUIRE(answer.find("\r\n\r\n") != std::string::npos);
  }
  CHECK(whole > 1'000);
}

TEST_CASE("agent metrics: the page is OpenMetrics, tells each probe, and says nothing of a tick that was not") {
  LinkCounts link;
  link.messages = 7;
  link.bytes = 350;
  CHECK(agent_metrics_text(nullptr, link, {}, 5'000).find("capmap_agent_ticks") == std::string::npos);
  CHECK(agent_metrics_text(nullptr, link, {}, 5'000).find("capmap_agent_ack_age_seconds ") == std::string::npos);
  link.ack_boot_ms = 4'500;
  link.up = true;
  TickReport report;
  report.version = "1.2.3";
  report.ticks = 3;
  report.at_boot_ms = 4'000;
  report.interval_ms = 10'000;
  report.probes = {{.name = "cpu", .success = true, .took_us = 250}, {.name = "energy", .success = false, .took_us = 10}};
  const auto text = agent_metrics_text(&report, link, {.answered = 2, .cut = 1}, 5'000);
  for (const char* const line :
       {"# TYPE capmap_agent_build info", "capmap_agent_build_info{version=\"1.2.3\"} 1", "capmap_agent_ticks_total 3",
        "capmap_agent_tick_age_seconds 1", "capmap_agent_interval_seconds 10", "capmap_agent_probe_success{probe=\"energy\"} 0",
        "capmap_agent_probe_duration_seconds{probe=\"cpu\"} 0.00025", "capmap_agent_link_up 1", "capmap_agent_message_bytes_total 350",
        "capmap_agent_ack_age_seconds 0.5", "capmap_agent_metrics_cut_total 1", "# UNIT process_cpu_seconds seconds"}) {
    INFO(line);
    CHECK(("\n" + text).find("\n" + std::string(line) + "\n") != std::string::npos);
  }
  CHECK(text.find("\nprocess_resident_memory_bytes ") != std::string::npos);
  CHECK(text.ends_with("\n# EOF\n"));
  std::istringstream lines(text);
  std::set<std::string> families;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) CHECK(families.insert(line.substr(7, line.find(' ', 7) - 7)).second);
  }
  CHECK(families.size() > 15);
}
