#include "common/known_server.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "common/join_token.hpp"
#include "common/log.hpp"
#include "common/private_file.hpp"
#include "common/transport.hpp"
#include "common/whole_file.hpp"

namespace capmap {
namespace {

constexpr std::string_view kVersion = "1";
constexpr std::size_t kMaxFileBytes = 1'024;
constexpr const char* kWhat = "the controller's keys";

std::uint16_t beside(std::uint16_t said, std::uint16_t port, int step) {
  return said != 0 ? said : port <= 65'535 - step ? static_cast<std::uint16_t>(port + step) : std::uint16_t{0};
}

/// All of it, in digits as we write them; 0: it is no port.
std::uint16_t whole_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto* const last = text.data() + text.size();
  const auto [end, wrong] = std::from_chars(text.data(), last, port);
  return wrong == std::errc() && end == last && !text.starts_with('0') ? port : std::uint16_t{0};
}

/// The lines of server.keys as they are taken, one after the other.
class Lines {
 public:
  Lines(std::string_view text, const std::string& path) : rest_(text), path_(path) {}
  [[nodiscard]] bool any() const { return !rest_.empty(); }
  /// The words of the next line behind its first one, which is `word`. Absent: the line begins with another word, or does not end.
  std::optional<std::string_view> after(std::string_view word) {
    const auto end = rest_.find('\n');
    const auto line = rest_.substr(0, end);
    if (end == std::string_view::npos || !line.starts_with(word)) return std::nullopt;
    const auto words = line.substr(word.size());
    if (!words.empty() && (words.size() == 1 || words.front() != ' ')) return std::nullopt;
    rest_.remove_prefix(end + 1);
    ++number_;
    return words.substr(std::min<std::size_t>(1, words.size()));
  }
  /// Of the line that was taken last, or that could not be.
  [[nodiscard]] Error damaged(bool taken, const char* wanted) const {
    return {ErrorCode::kMalformed, path_ + ":" + std::to_string(number_ + (taken ? 0 : 1)) + ": is damaged (" + wanted +
                                       " is wanted): rm " + path_ + "; the enrolment port tells the keys anew"};
  }

 private:
  std::string_view rest_;
  const std::string& path_;
  std::size_t number_ = 0;
};

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
  if (!kept && kept.error().code == ErrorCode::kDenied) return kept.error();
  if (!kept && kept.error().code != ErrorCode::kAbsent) {
    known.passed_over_ = kept.error().what;
    log_warn("server_keys_passed_over", {{"what", known.passed_over_}});
  }
  known.make_ways();
  return known;
}

/// "1", then "joined KEY", "home KEY", and where there is one "other KEY PORT", a line each, and nothing else.
Result<KnownServer::Keys> KnownServer::read() const {
  if (joined_.file.empty()) return Error{ErrorCode::kAbsent, "nothing is kept"};
  const auto text = read_private_file(joined_.file, kMaxFileBytes, kWhat);
  if (!text) return text.error();
  Lines lines(*text, joined_.file);
  Keys keys{.home = {}, .other = {}, .other_port = joined_.next_port};
  const auto version = lines.after(kVersion);
  if (!version || !version->empty()) return lines.damaged(version.has_value(), "a file of version 1");
  const auto joined = lines.after("joined");
  if (!joined || !is_z85_key(*joined)) return lines.damaged(joined.has_value(), "\"joined KEY\"");
  const auto home = lines.after("home");
  if (!home || !is_z85_key(*home)) return lines.damaged(home.has_value(), "\"home KEY\"");
  keys.home = *home;
  if (lines.any()) {
    const auto other = lines.after("other");
    const auto blank = other ? other->find(' ') : std::string_view::npos;
    const bool two = blank != std::string_view::npos && is_z85_key(other->substr(0, blank));
    if (two) keys.other_port = whole_port(other->substr(blank + 1));
    if (!two || keys.other_port == 0) return lines.damaged(other.has_value(), "\"other KEY PORT\"");
    keys.other = other->substr(0, blank);
  }
  if (lines.any()) return lines.damaged(false, "nothing more");
  if (*joined != joined_.public_key) return Error{ErrorCode::kAbsent, joined_.file + ": is of another controller"};
  return keys;
}

Result<Done> KnownServer::change(Keys keys) {
  if (keys == keys_) return Done{};
  if (!joined_.file.empty()) {
    std::string text = std::string(kVersion) + "\njoined " + joined_.public_key + "\nhome " + keys.home + "\n";
    if (!keys.other.empty()) text += "other " + keys.other + " " + std::to_string(keys.other_port) + "\n";
    if (auto written = write_file_atomically(joined_.file, text, 0600); !written) return written;
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
