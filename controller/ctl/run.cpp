// From the words of a command line to an answer on the screen.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <ostream>
#include <sstream>
#include <thread>

#include "common/clock.hpp"
#include "common/time_text.hpp"
#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/commands.hpp"
#include "controller/ctl/completion.hpp"
#include "controller/ctl/manual.hpp"
#include "controller/ctl/output.hpp"
#include "controller/ctl/paged_output.hpp"
#include "controller/ctl/profile.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/ctl/translated_output.hpp"

namespace capmap {
namespace {

CtlExit exit_of(const Error& error, bool offline) {
  if (offline) {
    if (error.code == ErrorCode::kAbsent) return CtlExit::kNotFound;
    return error.code == ErrorCode::kDenied ? CtlExit::kRefused : CtlExit::kFailed;
  }
  switch (error.code) {
    case ErrorCode::kAbsent: return CtlExit::kNotFound;
    case ErrorCode::kDenied: return CtlExit::kRefused;
    case ErrorCode::kTimeout:
    case ErrorCode::kUnavailable: return CtlExit::kUnreachable;
    case ErrorCode::kMalformed:
    case ErrorCode::kFull: break;
  }
  return CtlExit::kFailed;
}

CtlExit refuse(std::ostream& err, const Error& error, bool offline) {
  std::istringstream lines(lines_in_language(language_of_environment(), error.what));
  for (std::string one; std::getline(lines, one);) err << "capmapctl: " << printable(one) << "\n";
  return exit_of(error, offline);
}

OutputFormat format_of(const Line& line) {
  if (line.json || line.output == "json") return OutputFormat::kJson;
  if (line.output == "wide") return OutputFormat::kWide;
  if (line.output == "csv") return OutputFormat::kCsv;
  return line.output == "yaml" ? OutputFormat::kYaml : OutputFormat::kTable;
}

/// What was neither said nor in the environment is as the profile has it.
Result<Done> apply_profile(const CLI::App& app, Line& line) {
  const auto file = profiles_file();
  // An address that is said is not to be mixed with how another controller is trusted.
  if (line.profile.empty() && (file.empty() || line.offline || app.get_option("--url")->count() > 0)) return Done{};
  const auto profiles = read_profiles(file);
  if (!profiles) return profiles.error();
  const auto& name = line.profile.empty() ? profiles->default_name : line.profile;
  if (name.empty()) return Done{};
  const Profile* const profile = profiles->find(name);
  if (profile == nullptr) return Error{ErrorCode::kAbsent, "no profile \"" + name + "\" in " + file + "; capmapctl profiles lists them"};
  const auto take = [&app](const char* flag, const std::optional<std::string>& value, std::string& into) {
    if (value && app.get_option(flag)->count() == 0) into = *value;
  };
  take("--url", profile->url, line.connection.url);
  take("--state", profile->state, line.connection.state);
  take("--token-file", profile->token_file, line.connection.token_file);
  take("--tls-ca", profile->tls_ca, line.connection.tls_ca);
  take("--tls-fingerprint", profile->tls_fingerprint, line.connection.tls_fingerprint);
  take("--output", profile->output, line.output);
  if (profile->timeout_s && app.get_option("--timeout")->count() == 0) line.timeout_s = *profile->timeout_s;
  return Done{};
}

/// Of a line that is still being typed, how the controller is reached; what cannot be read yet is as if it were not there.
void take_flags(const std::vector<std::string>& arguments, Line& line) {
  if (arguments.size() < 2) return;
  CLI::App flags;
  flags.allow_extras();
  add_flags(flags, line);
  try {
    flags.parse(std::vector<std::string>(arguments.rbegin() + 1, arguments.rend() - 1));
  } catch (const CLI::ParseError&) {
    return;
  }
  static_cast<void>(apply_profile(flags, line));
}

/// Runs the command once.
Result<Done> answer(const Line& line, std::ostream& out, const Terminal& terminal) {
  const auto format = format_of(line);
  TableLook look(terminal.colours);
  if (terminal.columns > 0) look.width = std::max<std::size_t>(terminal.columns, 40);
  look.wide = format == OutputFormat::kWide;
  look.language = language_of_environment();
  if (format == OutputFormat::kJson) return line.command(Screen{.out = out, .json = true, .terminal = terminal.present, .look = look});
  if (format == OutputFormat::kTable || format == OutputFormat::kWide) {
    TranslatedOutput translated(out, look.language);
    std::ostream lines(&translated);
    auto done = line.command(Screen{.out = lines, .json = false, .terminal = terminal.present, .look = look});
    translated.finish();
    return done;
  }
  std::ostringstream documents;
  if (const auto done = line.command(Screen{.out = documents, .json = true}); !done) return done.error();
  const auto text = formatted(format, documents.str());
  if (!text) return text.error();
  out << *text;
  return Done{};
}

/// Again and again, until the program is ended or the output is closed. What cannot be reached now may be later.
CtlExit watch(Line& line, std::ostream& out, std::ostream& err, const Terminal& terminal) {
  line.connection.reads_only = true;
  for (;;) {
    std::ostringstream page;
    const auto done = answer(line, page, Terminal{.present = false, .colours = terminal.colours, .columns = terminal.columns});
    const auto code = done ? CtlExit::kDone : exit_of(done.error(), false);
    if (terminal.present) out << "\033[H\033[2J";
    if (format_of(line) == OutputFormat::kTable || format_of(line) == OutputFormat::kWide)
      out << rfc3339_text(SystemClock().unix_ms()) << ", each " << line.watch_s << " s\n\n";
    out << page.str() << std::flush;
    if (!done) refuse(err, done.error(), false);
    if (!out) return CtlExit::kDone;
    if (code != CtlExit::kDone && code != CtlExit::kUnreachable) return code;
    std::this_thread::sleep_for(std::chrono::seconds(line.watch_s));
  }
}

}  // namespace

CtlExit run_ctl(const std::vector<std::string>& arguments, const std::string& version, std::ostream& out, std::ostream& err,
                const Terminal& terminal) {
  Line line;
  CLI::App app("capmapctl: the capacity map from the command line", "capmapctl");
  describe(app, line, version);
  if (!arguments.empty() && arguments.front() == kCompleteCommand) {
    take_flags(arguments, line);
    out << completions_text(app, line, arguments);
    return CtlExit::kDone;
  }
  translate_help(app, language_of_environment());
  if (!arguments.empty() && arguments.front() == kManualCommand) {
    out << manual_reference(app);
    return CtlExit::kDone;
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them last first
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem, out, err) == 0 ? CtlExit::kDone : CtlExit::kUsage;
  }
  if (!line.command) {
    err << "capmapctl: a command is needed; capmapctl --help lists them\n";
    return CtlExit::kUsage;
  }
  if (const auto applied = apply_profile(app, line); !applied) {
    refuse(err, applied.error(), false);
    return CtlExit::kUsage;
  }
  line.connection.timeout_ms = line.timeout_s * 1'000;
  if (line.watch_s > 0 && line.offline) {
    err << "capmapctl: --watch is for commands that ask a controller\n";
    return CtlExit::kUsage;
  }
  if (line.watch_s > 0) return watch(line, out, err, terminal);
  if (terminal.rows == 0 || line.no_pager) {
    const auto done = answer(line, out, terminal);
    return done ? CtlExit::kDone : refuse(err, done.error(), line.offline);
  }
  PagedOutput paged(out, terminal.rows);
  std::ostream screen(&paged);
  const auto done = answer(line, screen, terminal);
  paged.finish();
  return done ? CtlExit::kDone : refuse(err, done.error(), line.offline);
}

}  // namespace capmap
