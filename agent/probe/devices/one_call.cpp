#include "agent/probe/devices/one_call.hpp"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace capmap {

struct OneCall::State {
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::function<void()> call;
  std::optional<std::uint64_t> since_ms;
  bool ending = false;

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [this] { return ending || call; });
      if (!call) return;
      const auto now = std::exchange(call, nullptr);
      lock.unlock();
      now();
      lock.lock();
      since_ms.reset();
    }
  }
};

OneCall::OneCall() : state_(std::make_unique<State>()), thread_([state = state_.get()] { state->run(); }) {}

OneCall::~OneCall() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->ending = true;
  }
  state_->wake.notify_one();
  thread_.join();
}

void OneCall::ask(std::function<void()> call, std::uint64_t now_ms) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->call = std::move(call);
    state_->since_ms = now_ms;
  }
  state_->wake.notify_one();
}

std::optional<std::uint64_t> OneCall::since_ms() const {
  const std::lock_guard lock(state_->mutex);
  return state_->since_ms;
}

bool OneCall::idle() const {
  return !since_ms();
}

}  // namespace capmap
