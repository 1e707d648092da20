#include "controller/ctl/doctor.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <ostream>

#include "common/host_checks.hpp"
#include "controller/ctl/commands.hpp"
#include "controller/store/backup.hpp"

namespace capmap {
namespace {

constexpr int kConnectMs = 2'000;
constexpr const char *kProgram = "capmap-controller", *kUnit = "capmap-controller.service";
constexpr unsigned kMostExposure = 20;
constexpr std::uint64_t kOwnDescriptors = 1'000;

/// Whether a controller holds the state folder's lock. The file is not made: it would be ours, and the controller could not open it.
bool holds_state(const std::string& state) {
  const int fd = open((state + "/lock").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  const bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(fd);
  return held;
}

sockaddr_in6 address_of(const in6_addr& host, std::uint16_t port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = host;
  address.sin6_port = htons(port);
  return address;
}

/// 0 when this machine's port takes a connection by IPv4 loopback, else the error's number.
int connect_to(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int number = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  if (number == EINPROGRESS) {
    pollfd waiting{.fd = fd, .events = POLLOUT, .revents = 0};
    socklen_t size = sizeof number;
    number = 0;
    if (::poll(&waiting, 1, kConnectMs) <= 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0) number = ETIMEDOUT;
  }
  close(fd);
  return number;
}

/// 0 when the port is free, on every address of this machine.
int bind_to(std::uint16_t port) {
  const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return 0;  // no IPv6 here: not to be told
  const int on = 1, off = 0;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  const auto address = address_of(in6addr_any, port);
  const int number = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  close(fd);
  return number;
}

void check_port(const char* what, const char* key, std::uint16_t port, bool runs, Findings& findings) {
  if (port == 0) return;  // any free one
  const std::string name = std::string(what) + ", port " + std::to_string(port);
  const int number = runs ? connect_to(port) : bind_to(port);
  if (number == 0) {
    findings.push_back({"ports", Health::kWell, name + (runs ? ": takes connections" : ": is free")});
  } else if (runs) {
    findings.push_back({"ports", Health::kBroken, name + ": takes no connection by 127.0.0.1: " + std::strerror(number),
                        "look at the controller's log (journalctl -u capmap-controller), at " + std::string(key) + " and at the firewall"});
  } else {
    findings.push_back({"ports", Health::kBroken, name + ": cannot be had: " + std::strerror(number),
                        "ss -ltnp shows who has it; set " + std::string(key) + " or end that program"});
  }
}

void check_descriptors(const ControllerPlaces& places, const ServiceProcess& process, Findings& findings) {
  const auto facts = check_store_file(places.state + "/store.db");
  const auto expected = std::max<std::uint64_t>(facts ? facts->nodes : 0, places.most_connections);
  if (!process.open_files) {
    findings.push_back({"descriptors", Health::kNote, "their limit is not shown to us", "run this as root"});
    return;
  }
  const auto room = *process.open_files - std::min(*process.open_files, kOwnDescriptors);
  const std::string text = "limit " + std::to_string(*process.open_files) + ": room for " + std::to_string(room) + " agents; " +
                           std::to_string(expected) + " are expected";
  findings.push_back({"descriptors", room >= expected ? Health::kWell : Health::kWarning, text,
                      room >= expected
                          ? ""
                          : "LimitNOFILE=" + std::to_string(expected * 5 / 4 + kOwnDescriptors) + " by systemctl edit capmap-controller"});
}

void check_process(const ControllerPlaces& places, bool runs, Findings& findings) {
  const auto process = find_service(HostRoot("/"), kProgram, kUnit);
  if (!process) {
    findings.push_back(runs ? Finding{"service", Health::kNote, "a controller uses this state folder; its process is hidden from us"}
                            : Finding{"service", Health::kWarning, "no controller runs here", "systemctl enable --now capmap-controller"});
    return;
  }
  const bool unit = process->of_unit(kUnit);
  findings.push_back({"service", unit ? Health::kWell : Health::kNote,
                      "runs as process " + std::to_string(process->pid) + (unit ? "" : ", not as a service of systemd")});
  if (process->uid == 0) {
    findings.push_back(
        {"user", Health::kWarning, "the controller runs as root, which it never needs", "use capmap-controller.service as it is shipped"});
  }
  if (process->capabilities.value_or(0) != 0 && process->uid != 0)
    findings.push_back({"capabilities", Health::kWarning, "it holds " + capability_words(*process->capabilities) + ", and needs none"});
  check_descriptors(places, *process, findings);
}

/// What systemd itself thinks of the unit, where it can be asked.
void check_hardening(Findings& findings) {
  constexpr const char* kAsk =
      "command -v systemd-analyze >/dev/null 2>&1 && "
      "LC_ALL=C.UTF-8 timeout 20 systemd-analyze security --no-pager capmap-controller.service 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(kAsk, "re"), pclose);
  if (!pipe) return;
  std::string report;
  std::array<char, 4096> chunk{};
  while (report.size() < 64 * 1024) {
    const auto got = std::fread(chunk.data(), 1, chunk.size(), pipe.get());
    if (got == 0) break;
    report.append(chunk.data(), got);
  }
  const auto tenths = exposure_of(report);
  if (!tenths) {
    findings.push_back({"hardening", Health::kNote, "systemd does not tell of " + std::string(kUnit) + " here"});
    return;
  }
  const std::string figure = std::to_string(*tenths / 10) + "." + std::to_string(*tenths % 10);
  const bool good = *tenths <= kMostExposure;
  findings.push_back(
      {"hardening", good ? Health::kWell : Health::kWarning, "systemd-analyze security: exposure " + figure,
       good ? "" : "use capmap-controller.service as it is shipped; systemctl cat capmap-controller shows what was changed"});
}

}  // namespace

std::optional<unsigned> exposure_of(std::string_view report) {
  constexpr std::string_view kMark = "Overall exposure level for ";
  const auto at = report.rfind(kMark);
  if (at == std::string_view::npos) return std::nullopt;
  auto line = report.substr(at, report.find('\n', at) - at);
  const auto colon = line.find(": ");
  if (colon == std::string_view::npos) return std::nullopt;
  line.remove_prefix(colon + 2);
  unsigned tenths = 0;
  std::size_t digits = 0;
  for (const char c : line) {
    if (c == '.') continue;
    if (c < '0' || c > '9') break;
    tenths = tenths * 10 + static_cast<unsigned>(c - '0');
    if (++digits > 3) return std::nullopt;
  }
  return digits < 2 ? std::nullopt : std::optional(tenths);
}

Findings examine_controller(const ControllerPlaces& places) {
  Findings findings;
  const bool runs = holds_state(places.state);
  examine_files(places, runs, findings);
  check_process(places, runs, findings);
  check_port("HTTP", "http.port", places.http_port, runs, findings);
  check_port("messages", "messages.port", places.message_port, runs, findings);
  check_port("enrolment", "enrol.port", places.enrol_port, runs, findings);
  findings.push_back(check_somaxconn(HostRoot("/")));
  findings.push_back(check_clock());
  check_hardening(findings);
  return findings;
}

Result<Done> examine_installation(const ApiConnection& connection, const Screen& screen, const std::string& config) {
  ControllerPlaces fallback;
  fallback.state = connection.state;
  auto places = read_controller_places(config, fallback);
  if (!places) return places.error();
  if (connection.state != ControllerPlaces{}.state) places->state = connection.state;  // --state goes over the file
  const auto findings = examine_controller(*places);
  screen.out << (screen.json ? findings_json(findings) : findings_text(findings));
  const auto broken = std::ranges::count(findings, Health::kBroken, &Finding::health);
  if (broken == 0) return Done{};
  return Error{ErrorCode::kUnavailable, std::to_string(broken) + (broken == 1 ? " thing is broken" : " things are broken")};
}

}  // namespace capmap
