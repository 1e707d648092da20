#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <utility>

#include "agent/probe/commands.hpp"
#include "agent/probe/join_ask.hpp"
#include "agent/probe/join_state.hpp"
#include "agent/settings.hpp"
#include "common/log.hpp"
#include "common/sd_notify.hpp"

namespace capmap {
namespace {

constexpr std::uint32_t kMaxTimeoutS = 3'600;

struct Asked {
  std::string token, token_file;
  std::string state = AgentSettings{}.state;
  JoinPatience patience;
  bool new_key = false;
  std::vector<std::string> then;  ///< the service at its first start: what this process becomes afterwards
};

/// A flag with its value, or an error for what is no flag of ours.
Result<Done> take_flag(const std::string& flag, const std::string& value, Asked& asked) {
  if (flag == "--state") {
    asked.state = value;
  } else if (flag == "--token-file") {
    asked.token_file = value;
  } else {
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), asked.patience.timeout_s);
    const bool number = error == std::errc{} && end == value.data() + value.size();
    if (!number || asked.patience.timeout_s == 0 || asked.patience.timeout_s > kMaxTimeoutS) {
      return Error{ErrorCode::kMalformed, "--timeout: must be 1 to 3600 seconds"};
    }
  }
  return Done{};
}

Result<Asked> read_arguments(const std::vector<std::string>& arguments) {
  Asked asked;
  const Error usage{ErrorCode::kMalformed,
                    "usage: capmap-agent join TOKEN | --token-file FILE [--state DIR] [--timeout SECONDS] [--no-wait] [--new-key]"};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& word = arguments[i];
    if (word == "--state" || word == "--timeout" || word == "--token-file") {
      if (i + 1 == arguments.size()) return usage;
      if (auto taken = take_flag(word, arguments[++i], asked); !taken) return taken.error();
    } else if (word == "--no-wait") {
      asked.patience.until_approved = false;
    } else if (word == "--new-key") {
      asked.new_key = true;
    } else if (word == "--first-start") {  // the service's own: the rest is what it was started with
      asked.patience.until_reached = true;
      asked.then.assign(arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1, arguments.end());
      break;
    } else if (word.starts_with("-") || !asked.token.empty()) {
      return usage;
    } else {
      asked.token = word;
    }
  }
  if (asked.token.empty() == asked.token_file.empty() || asked.state.empty()) return usage;
  return asked;
}

Result<Joined> join(const Asked& asked) {
  const auto text = asked.token_file.empty() ? Result<std::string>(asked.token) : read_token_file(asked.token_file);
  if (!text) return text.error();
  const auto token = parse_join_token(*text);
  if (!token) return token.error();
  if (auto made = make_state_folder(asked.state); !made) return made.error();
  const auto keys = own_keys(asked.state, asked.new_key);
  if (!keys) return keys.error();
  const auto at = ask_to_join(*token, *keys, asked.patience, [&asked](const std::string& what) {
    std::fprintf(stderr, "capmap-agent: %s\n", what.c_str());
    if (!asked.then.empty()) notify_systemd("READY=1\nSTATUS=joining: " + what);  // the unit is started: what is missing is an admin
  });
  if (!at) return at.error();
  const auto endpoint = tcp_endpoint(at->host, at->joined.port != 0 ? at->joined.port : token->message_port);
  if (auto kept = keep_joined(asked.state, *at, endpoint, *token); !kept) return kept.error();
  if (!asked.token_file.empty()) put_token_file_away(asked.token_file);
  return at->joined;
}

int fail(const Error& error, int code) {
  std::fprintf(stderr, "capmap-agent: %s\n", error.what.c_str());
  return code;
}

/// The service goes on as it was started: this process becomes it.
int become(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  return fail({ErrorCode::kUnavailable, words[0] + ": cannot be started: " + std::strerror(errno)}, 1);
}

}  // namespace

int run_join_command(const std::vector<std::string>& arguments) {
  prctl(PR_SET_DUMPABLE, 0);  // a key and a token are in here
  auto asked = read_arguments(arguments);
  if (!asked) return fail(asked.error(), 2);
  const auto joined = join(*asked);
  if (!joined) return fail(joined.error(), 1);
  std::printf("joined as %s at site %s\n", to_text(joined->node_id).c_str(), joined->site_name.c_str());
  std::fflush(stdout);
  return asked->then.empty() ? 0 : become(std::move(asked->then));
}

}  // namespace capmap
