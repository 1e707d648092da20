#include "common/sd_notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

namespace capmap {
namespace {

/// A datagram socket under a name, as systemd would hold it.
class Listener {
 public:
  explicit Listener(const std::string& name) : name_(name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(setenv("NOTIFY_SOCKET", name.c_str(), 1) == 0);
  }
  ~Listener() {
    unsetenv("NOTIFY_SOCKET");
    close(fd_);
    if (name_[0] != '@') unlink(name_.c_str());
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] std::string heard() const {
    char text[256];
    const ssize_t got = recv(fd_, text, sizeof text, MSG_DONTWAIT);
    return got < 0 ? "" : std::string(text, static_cast<std::size_t>(got));
  }

 private:
  std::string name_;
  int fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

TEST_CASE("sd_notify: a state reaches the socket systemd named, by path and by abstract name") {
  for (const char* prefix : {"/tmp/capmap-notify-", "@capmap-notify-"}) {
    const Listener listener(prefix + std::to_string(getpid()));
    notify_systemd("READY=1\nSTATUS=reporting");
    CHECK(listener.heard() == "READY=1\nSTATUS=reporting");
  }
}

TEST_CASE("sd_notify: without systemd, or with a name that cannot be, nothing happens") {
  unsetenv("NOTIFY_SOCKET");
  notify_systemd("READY=1");
  for (const std::string& name : {std::string(), std::string("/nonexistent/notify"), std::string(200, 'x')}) {
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
    notify_systemd("READY=1");
  }
  unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace capmap
