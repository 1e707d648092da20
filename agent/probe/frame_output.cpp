#include "agent/probe/frame_output.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace capmap {

FrameOutput FrameOutput::with_signals() {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int number : {SIGTERM, SIGINT}) sigaddset(&taken, number);
  pthread_sigmask(SIG_BLOCK, &taken, nullptr);
  FrameOutput output;
  output.signals_ = signalfd(-1, &taken, SFD_CLOEXEC);
  return output;
}

void FrameOutput::wait(int ms) {
  pollfd items[2] = {{.fd = signals_, .events = POLLIN, .revents = 0}, {.fd = STDOUT_FILENO, .events = 0, .revents = 0}};
  if (::poll(items, 2, ms) > 0) ended_ = true;
}

void FrameOutput::write(std::string_view text) {
  while (!text.empty() && !ended_) {
    const ssize_t wrote = ::write(STDOUT_FILENO, text.data(), text.size());
    if (wrote < 0 && errno != EINTR) ended_ = true;
    if (wrote > 0) text.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

}  // namespace capmap
