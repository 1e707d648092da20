#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/access.hpp"
#include "controller/ctl/http_client.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/store/files.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kTokenLifetimeMs = 30ULL * 86'400'000;

/// What is typed is not shown while this lives.
class Unseen {
 public:
  Unseen() {
    known_ = tcgetattr(STDIN_FILENO, &before_) == 0;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (known_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  ~Unseen() {
    if (known_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  termios before_{};
  bool known_ = false;
};

std::string typed(const std::string& prompt) {
  const Unseen unseen;
  std::cerr << prompt << std::flush;
  std::string line;
  std::getline(std::cin, line);
  std::cerr << "\n";
  return line;
}

}  // namespace

Result<std::string> read_password(const std::string& prompt, bool twice) {
  std::string password;
  if (isatty(STDIN_FILENO) == 0) {
    std::getline(std::cin, password);
    while (password.ends_with('\r')) password.pop_back();
  } else {
    password = typed(prompt + ": ");
    if (twice && typed(prompt + ", once more: ") != password) return Error{ErrorCode::kDenied, "the two passwords differ"};
  }
  if (password.empty()) return Error{ErrorCode::kDenied, "no password was given: type it, or write it to the standard input"};
  return password;
}

Result<Done> log_in(const ApiConnection& connection, const Screen& screen, const ApiTokenRequest& request) {
  const auto file = login_file(connection.url);
  if (file.empty()) return Error{ErrorCode::kDenied, "there is no home folder to keep a token in: set HOME or XDG_CONFIG_HOME"};
  std::uint64_t lifetime_ms = kTokenLifetimeMs;
  if (!request.expires.empty()) {
    const auto parsed = parse_duration_ms(request.expires);
    if (!parsed) return parsed.error();
    lifetime_ms = *parsed;
  }
  const auto password = read_password("password of " + request.user, false);
  if (!password) return password.error();
  const auto answer = api_post_secret(connection, "/v1/login",
                                      {{"user", request.user},
                                       {"password", *password},
                                       {"token_expires_in_s", lifetime_ms / 1'000},
                                       {"label", request.label.empty() ? "capmapctl login" : request.label}});
  if (!answer) return answer.error();
  const auto token = text_at(*answer, "token");
  if (!token) return Error{ErrorCode::kMalformed, "the controller's answer holds no token"};
  if (auto made = make_folders_of(file); !made) return made;
  const auto content = *token + "\n" + text_at(*answer, "id").value_or("") + "\n";
  if (auto written = write_file_atomically(file, content, 0600); !written) return written;
  if (screen.json) {
    ApiJson shown = *answer;
    shown.erase("token");
    shown["file"] = file;
    screen.out << shown.dump() << "\n";
  } else {
    screen.out << "logged in as " << printable(request.user) << " (" << printable(text_at(*answer, "role").value_or("unknown")) << ") for "
               << age_text(lifetime_ms) << "; the token is in " << printable(file) << "\n";
  }
  return Done{};
}

Result<Done> log_out(const ApiConnection& connection, const Screen& screen) {
  const auto file = login_file(connection.url);
  const auto content = file.empty() ? Result<std::string>(Error{ErrorCode::kAbsent, ""}) : read_whole_file(file, 4'096);
  if (!content) return Error{ErrorCode::kAbsent, "nobody is logged in to " + connection.url + " here"};
  const auto line = content->find('\n');
  const auto id = line == std::string::npos ? std::string() : content->substr(line + 1, content->find('\n', line + 1) - line - 1);
  const auto revoked = api_delete(connection, "/v1/api-tokens/" + url_escaped(id));
  // A token that does not work any more need not be revoked; while it may still work it is kept.
  if (!revoked && revoked.error().code != ErrorCode::kDenied && revoked.error().code != ErrorCode::kAbsent) return revoked.error();
  if (unlink(file.c_str()) != 0) return file_error(file, "remove", errno);
  if (screen.json) {
    screen.out << ApiJson({{"logged_out", true}}).dump() << "\n";
  } else {
    screen.out << "logged out; " << printable(file) << " is gone\n";
  }
  return Done{};
}

Result<Done> show_whoami(const ApiConnection& connection, const Screen& screen) {
  const auto answer = api_get(connection, "/v1/session");
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
    return Done{};
  }
  screen.out << printable(text_at(*answer, "user").value_or("unknown")) << ", " << printable(text_at(*answer, "role").value_or("unknown"))
             << ", " << printable(text_at(*answer, "scope").value_or("everything")) << ", by "
             << printable(text_at(*answer, "via").value_or("unknown")) << "\n";
  return Done{};
}

}  // namespace capmap
