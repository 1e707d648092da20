#include "common/known_server.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>
#include <string_view>
#include <utility>

#include "common/join_token.hpp"
#include "common/log.hpp"
#include "common/transport.hpp"

namespace capmap {
namespace {

constexpr const char* kVersion = "1";
constexpr std::size_t kMaxFileBytes = 1'024;

Error file_error(const std::string& path, int number) {
  return {number == ENOSPC                      ? ErrorCode::kFull
          : number == ENOENT                    ? ErrorCode::kAbsent
          : number == EACCES || number == EROFS ? ErrorCode::kDenied
                                                : ErrorCode::kUnavailable,
          path + ": " + std::strerror(number)};
}

/// Whole or not at all, also after a crash.
Result<Done> replace_file(const std::string& path, const std::string& text) {
  const std::string draft = path + ".new";
  const int fd = open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return file_error(draft, errno);
  const bool whole = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  const int number = errno;
  close(fd);
  if (!whole || rename(draft.c_str(), path.c_str()) != 0) {
    const auto failed = file_error(path, whole ? errno : number == 0 ? ENOSPC : number);
    unlink(draft.c_str());
    return failed;
  }
  const auto folder = path.substr(0, path.rfind('/') + 1);
  const int place = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = place >= 0 && fsync(place) == 0;
  const int why = errno;
  if (place >= 0) close(place);
  return synced ? Result<Done>(Done{}) : file_error(folder, why);
}

Result<std::string> read_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return file_error(path, errno);
  std::array<char, kMaxFileBytes> buffer{};
  const ssize_t length = read(fd, buffer.data(), buffer.size());
  const int number = errno;
  close(fd);
  if (length < 0) return file_error(path, number);
  return std::string(buffer.data(), static_cast<std::size_t>(length));
}

std::uint16_t beside(std::uint16_t said, std::uint16_t port, int step) {
  return said != 0 ? said : port <= 65'535 - step ? static_cast<std::uint16_t>(port + step) : std::uint16_t{0};
}

}  // namespace

KnownServer::KnownServer(Joined joined, std::string host, std::uint16_t port)
    : joined_(std::move(joined)), host_(std::move(host)), home_port_(port), keys_{.home = joined_.public_key, .other = {}} {
  joined_.next_port = beside(joined_.next_port, port, 2);
  joined_.enrol_port = beside(joined_.enrol_port, port, 1);
  keys_.other_port = joined_.next_port;
}

Result<KnownServer> KnownServer::open(Joined joined) {
  const auto port = port_of(joined.endpoint);
  const auto colon = joined.endpoint.rfind(':');
  if (port == 0 || colon == std::string::npos) {
    return Error{ErrorCode::kMalformed, "\"" + joined.endpoint + "\" is not an endpoint like tcp://host:8471"};
  }
  auto host = joined.endpoint.substr(0, colon + 1);
  KnownServer known(std::move(joined), std::move(host), port);
  auto kept = known.read();
  if (kept) known.keys_ = std::move(*kept);
  if (!kept && kept.error().code != ErrorCode::kAbsent) {
    log_warn("server_keys_passed_over", {{"what", kept.error().what}, {"action", "the enrolment port tells them anew"}});
  }
  known.make_ways();
  return known;
}

/// "1", then "joined KEY", "home KEY", and where there is one "other KEY PORT", a line each.
Result<KnownServer::Keys> KnownServer::read() const {
  if (joined_.file.empty()) return Error{ErrorCode::kAbsent, "nothing is kept"};
  const auto text = read_file(joined_.file);
  if (!text) return text.error();
  std::istringstream lines(*text);
  std::string version, word, key;
  Keys keys{.home = {}, .other = {}, .other_port = joined_.next_port};
  bool good = static_cast<bool>(lines >> version) && version == kVersion;
  bool ours = false;
  while (good && lines >> word >> key) {
    good = is_z85_key(key);
    if (word == "joined") {
      ours = key == joined_.public_key;
    } else if (word == "home") {
      keys.home = key;
    } else {
      unsigned port = 0;
      good = good && word == "other" && lines >> port && port > 0 && port <= 65'535;
      keys.other = key;
      keys.other_port = static_cast<std::uint16_t>(port);
    }
  }
  if (!good || keys.home.empty()) return Error{ErrorCode::kMalformed, joined_.file + ": is damaged"};
  if (!ours) return Error{ErrorCode::kAbsent, joined_.file + ": is of another controller"};
  return keys;
}

Result<Done> KnownServer::change(Keys keys) {
  if (keys == keys_) return Done{};
  if (!joined_.file.empty()) {
    std::string text = std::string(kVersion) + "\njoined " + joined_.public_key + "\nhome " + keys.home + "\n";
    if (!keys.other.empty()) text += "other " + keys.other + " " + std::to_string(keys.other_port) + "\n";
    if (auto written = replace_file(joined_.file, text); !written) return written;
  }
  const auto before = in_use();
  keys_ = std::move(keys);
  make_ways();
  const auto same = std::ranges::find(ways_, before);
  if (same == ways_.end()) ways_.push_back(before);  // until another one is taken
  at_ = static_cast<std::size_t>(std::ranges::find(ways_, before) - ways_.begin());
  return Done{};
}

void KnownServer::make_ways() {
  ways_.clear();
  const auto add = [this](std::uint16_t port, const std::string& key, bool enrolment) {
    ServerWay way{.endpoint = host_ + std::to_string(port), .key = key, .port = port, .enrolment = enrolment};
    if (port != 0 && !key.empty() && std::ranges::find(ways_, way) == ways_.end()) ways_.push_back(std::move(way));
  };
  add(home_port_, keys_.home, false);
  add(keys_.other_port, keys_.other, false);
  add(home_port_, keys_.other, false);
  add(keys_.other_port, keys_.home, false);
  add(joined_.enrol_port, joined_.public_key, true);
  at_ = 0;
}

bool KnownServer::try_another() {
  at_ = (at_ + 1) % ways_.size();
  tried_ = (tried_ + 1) % ways_.size();
  return tried_ != 0;
}

bool KnownServer::use_port(std::uint16_t port) {
  const auto there = std::ranges::find_if(ways_, [port](const ServerWay& way) { return way.port == port && !way.enrolment; });
  if (there == ways_.end()) return false;
  at_ = static_cast<std::size_t>(there - ways_.begin());
  return true;
}

void KnownServer::start_over() {
  at_ = 0;
}

Result<Done> KnownServer::take(const KeyNews& news) {
  Keys keys = keys_;
  if (!news.server_key.empty()) keys.home = news.server_key;
  if (!news.server_next_key.empty()) {
    keys.other = news.server_next_key;
    keys.other_port = news.server_next_port;
  }
  for (const auto* key : {&keys.home, &keys.other}) {
    if (!key->empty() && !is_z85_key(*key)) return Error{ErrorCode::kMalformed, "news of keys: a server's key is no key"};
  }
  return change(std::move(keys));
}

Result<Done> KnownServer::answered() {
  tried_ = 0;
  const auto& way = in_use();
  if (way.enrolment || way.port != home_port_ || way.key == keys_.home) return Done{};
  Keys keys = keys_;
  std::swap(keys.home, keys.other);  // the two have changed roles
  return change(std::move(keys));
}

}  // namespace capmap
