#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "agent/probe/commands.hpp"
#include "agent/settings.hpp"
#include "common/clock.hpp"
#include "common/codec.hpp"
#include "common/join_token.hpp"
#include "common/log.hpp"
#include "common/transport.hpp"

namespace capmap {
namespace {

constexpr std::uint32_t kDefaultTimeoutS = 15, kMaxTimeoutS = 3'600;
constexpr mode_t kFolderMode = 0700, kJoinedMode = 0644;
constexpr std::uint64_t kLookMs = 200;  ///< between two looks at the clock

struct Asked {
  std::string token;
  std::string state = AgentSettings{}.state;
  std::uint32_t timeout_s = kDefaultTimeoutS;
};

Result<Asked> read_arguments(const std::vector<std::string>& arguments) {
  Asked asked;
  const Error usage{ErrorCode::kMalformed, "usage: capmap-agent join TOKEN [--state DIR] [--timeout SECONDS]"};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& word = arguments[i];
    const bool flag = word == "--state" || word == "--timeout";
    if (flag ? i + 1 == arguments.size() : word.starts_with("-") || !asked.token.empty()) return usage;
    if (word == "--state") {
      asked.state = arguments[++i];
    } else if (word == "--timeout") {
      const auto& text = arguments[++i];
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), asked.timeout_s);
      const bool number = error == std::errc{} && end == text.data() + text.size();
      if (!number || asked.timeout_s == 0 || asked.timeout_s > kMaxTimeoutS) return usage;
    } else {
      asked.token = word;
    }
  }
  if (asked.token.empty() || asked.state.empty()) return usage;
  return asked;
}

Error file_error(const std::string& path, int number) {
  const auto code = number == ENOSPC                      ? ErrorCode::kFull
                    : number == EACCES || number == EPERM ? ErrorCode::kDenied
                                                          : ErrorCode::kUnavailable;
  return {code, path + ": " + std::strerror(number)};
}

Result<Done> make_folder(const std::string& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (error) return file_error(path, error.value());
  if (made) chmod(path.c_str(), kFolderMode);
  return Done{};
}

/// This server's key, made now unless it has one.
Result<CurveKeys> own_keys(const std::string& state) {
  auto keys = load_curve_keys(key_path(state));
  if (keys || keys.error().code != ErrorCode::kAbsent) return keys;
  CurveKeys made = make_curve_keys();
  if (auto saved = save_curve_keys(key_path(state), made); !saved) return saved.error();
  return made;
}

Result<Done> write_all(int file, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = write(file, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return file_error(path, errno);
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return fsync(file) == 0 ? Result<Done>(Done{}) : file_error(path, errno);
}

/// Whole or not at all: a temporary file, then renamed.
Result<Done> replace_file(const std::string& path, std::string_view text) {
  const std::string draft = path + ".new";
  const int file = open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kJoinedMode);
  if (file < 0) return file_error(draft, errno);
  auto wrote = write_all(file, draft, text);
  close(file);
  if (wrote && rename(draft.c_str(), path.c_str()) != 0) wrote = file_error(path, errno);
  if (!wrote) unlink(draft.c_str());
  return wrote;
}

/// Run by root for a service that is not root: the files belong to whom the folder belongs.
void give_to_folder_owner(const std::string& state) {
  struct stat folder {};
  if (geteuid() != 0 || stat(state.c_str(), &folder) != 0) return;
  for (const auto& path : {key_path(state), joined_path(state)}) {
    if (lchown(path.c_str(), folder.st_uid, folder.st_gid) != 0) {
      std::fprintf(stderr, "capmap-agent: %s: owner not changed: %s\n", path.c_str(), std::strerror(errno));
    }
  }
}

std::string joined_text(const Joined& joined, std::string endpoint, std::string public_key) {
  std::vector<Setting> list(2);
  list[0].key = "controller.endpoint";
  list[0].target = &endpoint;
  list[1].key = "controller.public_key";
  list[1].target = &public_key;
  for (auto& setting : list) setting.origin = "join";
  return "# Written by capmap-agent join; joining again replaces it.\n# " + to_text(joined.node_id) + " at site " +
         log_quoted(joined.site_name) + "\n" + print_settings(list);
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

/// The conversation with the enrolment port: Join at each connection, until Joined or the deadline.
class Asker {
 public:
  Asker(zmq::socket_t& dealer, LinkMonitor& monitor, Bytes question) : dealer_(dealer), monitor_(monitor), question_(std::move(question)) {}

  Result<Joined> ask(std::uint64_t timeout_ms) {
    const SystemClock clock;
    const auto deadline = clock.boot_ms() + timeout_ms;
    for (auto now = clock.boot_ms(); now < deadline; now = clock.boot_ms()) {
      std::array<Waitable, 2> items = {Waitable{.socket = &dealer_}, Waitable{.socket = &monitor_.socket()}};
      wait_any(items, static_cast<int>(std::min(deadline - now, kLookMs)));
      if (auto sent = follow_link(); !sent) return sent.error();
      const auto answer = receive(dealer_, 0);
      if (answer) return decode_joined(std::span(static_cast<const std::byte*>(answer->data()), answer->size()));
      if (answer.error().code != ErrorCode::kTimeout) return answer.error();
    }
    return Error{ErrorCode::kTimeout, "no answer within " + std::to_string(timeout_ms / 1'000) + " s: " + trouble_};
  }

 private:
  Result<Done> follow_link() {
    std::string detail;
    for (auto event = monitor_.next(detail); event != LinkEvent::kNone; event = monitor_.next(detail)) {
      switch (event) {
        case LinkEvent::kReady:
          trouble_ = "the controller is reached but silent";
          if (auto sent = send(dealer_, question_); !sent) return sent;
          break;
        case LinkEvent::kRefused: trouble_ = "the controller refuses the connection: " + detail; break;
        case LinkEvent::kHandshakeFailed: trouble_ = "the controller there has another key than the token says: " + detail; break;
        default: break;
      }
    }
    return Done{};
  }

  zmq::socket_t& dealer_;
  LinkMonitor& monitor_;
  Bytes question_;
  std::string trouble_ = "nothing answers at the token's address";
};

Result<Joined> ask_controller(const JoinToken& token, const CurveKeys& keys, std::uint32_t timeout_s) {
  zmq::context_t context(1);
  const DealerOptions options{
      .endpoint = tcp_endpoint(token.host, token.enrol_port), .server_public_key = token.server_public_key, .keys = keys};
  auto link = open_watched_dealer(context, options);
  if (!link) return link.error();
  auto joined =
      Asker(link->dealer, link->monitor, encode(Join{.token_secret = token.secret, .hostname = host_name(), .public_key = keys.public_key}))
          .ask(std::uint64_t{timeout_s} * 1'000);
  if (!joined) return Error{joined.error().code, options.endpoint + ": " + joined.error().what};
  if (!joined->accepted) return Error{ErrorCode::kDenied, options.endpoint + ": refused: " + log_quoted(joined->reason)};
  return joined;
}

Result<Joined> join(const Asked& asked) {
  auto token = parse_join_token(asked.token);
  if (!token) return token.error();
  if (auto made = make_folder(asked.state); !made) return made.error();
  auto keys = own_keys(asked.state);
  if (!keys) return keys.error();
  auto joined = ask_controller(*token, *keys, asked.timeout_s);
  if (!joined) return joined;
  const auto endpoint = tcp_endpoint(token->host, joined->port != 0 ? joined->port : token->message_port);
  auto wrote = replace_file(joined_path(asked.state), joined_text(*joined, endpoint, token->server_public_key));
  if (!wrote) return wrote.error();
  give_to_folder_owner(asked.state);
  return joined;
}

int fail(const Error& error, int code) {
  std::fprintf(stderr, "capmap-agent: %s\n", error.what.c_str());
  return code;
}

}  // namespace

int run_join_command(const std::vector<std::string>& arguments) {
  const auto asked = read_arguments(arguments);
  if (!asked) return fail(asked.error(), 2);
  const auto joined = join(*asked);
  if (!joined) return fail(joined.error(), 1);
  std::printf("joined as %s at site %s\n", to_text(joined->node_id).c_str(), joined->site_name.c_str());
  return 0;
}

}  // namespace capmap
