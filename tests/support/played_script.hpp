#pragma once
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

namespace capmap::support {

/// The text file a false library plays: lines "KEY VALUE", read anew when another file takes its place. Thread: any.
class PlayedScript {
 public:
  explicit PlayedScript(const char* variable) : variable_(variable) {}

  [[nodiscard]] std::optional<std::string> value_of(const std::string& key) {
    const auto lines = now();
    const auto line = lines->find(key);
    if (line == lines->end()) return std::nullopt;
    return line->second;
  }

  /// Does what line "OWNER.call.CALL" says: hang (until the line is gone, or the file) | error CODE | delay MS. Returns 0 or CODE.
  int act(const std::string& owner, const char* call) {
    while (const auto line = value_of(owner + ".call." + call)) {
      std::istringstream words(*line);
      std::string what;
      int number = 0;
      words >> what >> number;
      if (what == "error") return number;
      std::this_thread::sleep_for(std::chrono::milliseconds(what == "delay" ? number : 20));
      if (what != "hang") return 0;
    }
    return 0;
  }

 private:
  using Lines = std::map<std::string, std::string>;

  std::shared_ptr<const Lines> now() {
    const char* path = std::getenv(variable_);
    struct stat status {};
    const std::lock_guard lock(mutex_);
    if (path == nullptr || stat(path, &status) != 0) return std::make_shared<const Lines>();
    const bool same = kept_ && status.st_ino == seen_.st_ino && status.st_mtim.tv_sec == seen_.st_mtim.tv_sec &&
                      status.st_mtim.tv_nsec == seen_.st_mtim.tv_nsec;
    if (!same) {
      Lines lines;
      std::ifstream file(path);
      for (std::string line; std::getline(file, line);) {
        const auto blank = line.find(' ');
        if (blank != std::string::npos) lines[line.substr(0, blank)] = line.substr(blank + 1);
      }
      kept_ = std::make_shared<const Lines>(std::move(lines));
    }
    seen_ = status;
    return kept_;
  }

  const char* variable_;
  std::mutex mutex_;
  std::shared_ptr<const Lines> kept_;
  struct stat seen_ {};
};

}  // namespace capmap::support
