// The manual page's reference, told by the command line's own description, so that no list beside it grows old.
#include "controller/ctl/manual.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <vector>

#include "controller/ctl/cli_line.hpp"

namespace capmap {
namespace {

/// Text as man(7) shows it: nothing in it is a request or an escape.
std::string shown(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (safe.empty() || safe.back() == '\n') safe += c == '.' || c == '\'' ? "\\&" : "";
    if (c == '\\') {
      safe += "\\e";
    } else {
      if (c == '-') safe += '\\';
      safe += c;
    }
  }
  return safe;
}

bool takes_value(const CLI::Option& option) {
  return option.get_type_size() > 0 && option.get_items_expected_max() > 0;
}

/// "TEXT", "{a,b}", "1 - 100": what may stand behind a flag.
std::string value_of(const CLI::Option& option) {
  if (const auto& text = option.get_option_text(); !text.empty()) return text;  // of words for numbers the type tells both
  const auto type = option.get_type_name();
  if (const auto list = type.find('{'); list != std::string::npos) return type.substr(list, type.find('}', list) + 1 - list);
  const auto range = type.find('[');
  return range == std::string::npos ? type.substr(0, type.find(':')) : type.substr(range + 1, type.find(']', range) - range - 1);
}

std::string flag_heading(const CLI::Option& option) {
  std::string heading;
  for (const auto& name : option.get_snames()) heading += "\\fB\\-" + shown(name) + "\\fR, ";
  for (const auto& name : option.get_lnames()) heading += "\\fB\\-\\-" + shown(name) + "\\fR, ";
  if (heading.ends_with(", ")) heading.resize(heading.size() - 2);
  if (option.get_positional() && heading.empty()) heading = "\\fI" + shown(option.get_single_name()) + "\\fR";
  return takes_value(option) && !option.get_positional() ? heading + " \\fI" + shown(value_of(option)) + "\\fR" : heading;
}

void tell_option(std::ostream& out, const CLI::Option& option) {
  out << ".TP\n" << flag_heading(option) << "\n" << shown(option.get_description());
  if (takes_value(option) && !option.get_default_str().empty()) out << " [" << shown(option.get_default_str()) << "]";
  if (option.get_required()) out << " (*)";
  out << "\n";
}

/// The examples of a command: its footer without the exit codes, which are alike for all.
std::string examples_of(const CLI::App& command) {
  std::string footer = command.get_footer();
  if (const auto exits = footer.find(kExits); exits != std::string::npos) footer.resize(exits);
  footer.erase(0, footer.find('\n') + 1);
  return footer;
}

void tell_command(std::ostream& out, const CLI::App& command, const std::string& name) {
  const auto options = command.get_options([](const CLI::Option* option) { return option->get_name() != "--help"; });
  out << ".SS " << shown(name);
  for (const auto* option : options) {
    if (option->get_positional())
      out << " " << shown(option->get_required() ? option->get_single_name() : "[" + option->get_single_name() + "]");
  }
  out << "\n" << shown(command.get_description()) << "\n";
  for (const bool positional : {true, false}) {
    for (const auto* option : options) {
      if (option->get_positional() == positional && option->get_name() != "-h,--help") tell_option(out, *option);
    }
  }
  if (const auto examples = examples_of(command); !examples.empty()) out << ".PP\n.nf\n" << shown(examples) << ".fi\n";
}

void tell_below(std::ostream& out, const CLI::App& parent, const std::string& above) {
  for (const auto* command : parent.get_subcommands([](const CLI::App*) { return true; })) {
    const auto name = above + command->get_name();
    tell_command(out, *command, name);
    tell_below(out, *command, name + " ");
  }
}

}  // namespace

std::string manual_reference(const CLI::App& app) {
  std::ostringstream out;
  tell_below(out, app, "");
  return out.str();
}

}  // namespace capmap
