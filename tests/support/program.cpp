#include "tests/support/program.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace capmap::support {
namespace {

using Clock = std::chrono::steady_clock;

std::string resolved(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  for (const char* place : {"/", "/tests/fleet/"}) {
    const std::string built = std::string(CAPMAP_BINARY_DIR) + place + name;
    if (access(built.c_str(), X_OK) == 0) return built;
  }
  return name;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

Program::Program(std::vector<std::string> arguments, std::vector<std::string> extra_environment) {
  char path[] = "/tmp/capmap-output-XXXXXX";
  const int output = mkstemp(path);
  if (output < 0) throw std::runtime_error("cannot create an output file in /tmp");
  output_path_ = path;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_adddup2(&actions, output, 2);
  for (char** entry = environ; *entry != nullptr; ++entry) extra_environment.emplace_back(*entry);
  arguments[0] = resolved(arguments[0]);
  const int failed =
      posix_spawnp(&pid_, arguments[0].c_str(), &actions, nullptr, pointers(arguments).data(), pointers(extra_environment).data());
  posix_spawn_file_actions_destroy(&actions);
  close(output);
  if (failed != 0) {
    unlink(path);
    throw std::runtime_error("cannot start " + arguments[0]);
  }
}

Program::~Program() {
  if (running()) {
    kill(pid_, SIGKILL);
    wait(std::chrono::seconds(10));
  }
  unlink(output_path_.c_str());
}

void Program::signal(int number) const {
  if (!exit_code_) kill(pid_, number);
}

std::optional<int> Program::wait(std::chrono::milliseconds limit) {
  eventually([this] { return !running(); }, limit);
  return exit_code_;
}

bool Program::running() {
  if (exit_code_) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

std::string Program::output() const {
  std::ifstream in(output_path_);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

bool Program::wait_for_output(const std::string& text, std::chrono::milliseconds limit) {
  bool found = false;
  eventually(
      [&] {
        const bool over = !running();
        found = output().find(text) != std::string::npos;
        return found || over;
      },
      limit);
  return found;
}

Ran run(std::vector<std::string> arguments, std::chrono::milliseconds limit) {
  Program program(std::move(arguments));
  const auto code = program.wait(limit);
  return {code.value_or(124), program.output()};
}

TemporaryFolder::TemporaryFolder() {
  char path[] = "/tmp/capmap-test-XXXXXX";
  if (mkdtemp(path) == nullptr) throw std::runtime_error("cannot create a folder in /tmp");
  path_ = path;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds limit) {
  const auto end = Clock::now() + limit;
  for (;;) {
    if (holds()) return true;
    if (Clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

bool soon(const std::function<bool()>& holds) {
  return eventually(holds, std::chrono::seconds(30));
}

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  int port = 0;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0) {
    port = ntohs(address.sin_port);
  }
  close(fd);
  return port;
}

std::string talk(int port, const std::string& bytes, std::chrono::milliseconds limit) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  std::string answer;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t wrote = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (wrote <= 0) break;
      sent += static_cast<std::size_t>(wrote);
    }
    const auto end = Clock::now() + limit;
    char buffer[65'536];
    for (auto now = Clock::now(); now < end; now = Clock::now()) {
      pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
      if (poll(&waiting, 1, static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(end - now).count()) + 1) <= 0) break;
      const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) break;
      answer.append(buffer, static_cast<std::size_t>(got));
    }
  }
  close(fd);
  return answer;
}

std::string http_get(int port, const std::string& path) {
  const std::string answer =
      talk(port, "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\nConnection: close\r\n\r\n");
  if (answer.rfind("HTTP/1.1 200", 0) != 0) return {};
  const auto body = answer.find("\r\n\r\n");
  return body == std::string::npos ? std::string{} : answer.substr(body + 4);
}

}  // namespace capmap::support
