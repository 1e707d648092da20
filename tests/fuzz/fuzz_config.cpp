// Configuration files and flags of both programs: the first byte chooses the program and what the rest is: a file, or flags, one a line.
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/settings.hpp"
#include "controller/settings.hpp"
#include "tests/fuzz/input_folder.hpp"

using namespace capmap;

namespace {

/// "FILE:LINE:COLUMN: …"
void check_refusal(const Error& error, const std::string& path) {
  const bool placed = error.what.starts_with(path + ":") && error.what.size() > path.size() + 1 &&
                      std::isdigit(static_cast<unsigned char>(error.what[path.size() + 1])) != 0;
  check(error.code == ErrorCode::kMalformed && placed, "a refusal does not name file and line");
  check(error.what.find('\n') == std::string::npos, "a reason of more than one line");
}

/// What was read is printed as TOML that says the same.
template <class Settings, class List>
void read_file(std::string_view text, List list) {
  const fuzz::InputFolder folder;
  const auto path = folder.put("a.toml", text);
  Settings first, second;
  auto first_list = list(first), second_list = list(second);
  const auto read = read_toml(path, first_list);
  if (!read) return check_refusal(read.error(), path);
  for (auto& setting : first_list) setting.origin = "file";
  const auto again = folder.put("b.toml", print_settings(first_list));
  const auto reread = read_toml(again, second_list);
  check(reread.ok(), "printed settings cannot be read");
  for (auto& setting : second_list) setting.origin = "file";
  check(print_settings(second_list) == print_settings(first_list), "printed settings say something else");
}

void read_controller_flags(std::string_view text) {
  std::vector<std::string> arguments;
  while (!text.empty() && arguments.size() < 64) arguments.emplace_back(take_line(text));
  for (auto& argument : arguments) {
    if (argument.starts_with("--config")) argument = "--version";  // a file of this machine is none of the input's
  }
  std::string printed;
  const auto line = read_command_line(arguments, printed);
  if (!line) check(line.error().code == ErrorCode::kMalformed && !line.error().what.empty(), "flags were refused without a reason");
  if (line) check(!printed.empty(), "nothing is printed");
}

/// Each line "key=value" of the agent's.
void read_agent_flags(std::string_view text) {
  AgentSettings settings;
  auto list = list_settings(settings);
  for (int i = 0; i < 64 && !text.empty(); ++i) {
    auto value = take_line(text);
    const auto name = take_until(value, '=');
    for (auto& setting : list) {
      if (setting.key != name) continue;
      const auto set = set_from_flag(setting, std::string(value));
      if (!set) check(set.error().what.starts_with("--"), "a refusal does not name the flag");
    }
  }
  const auto lines = write_setting_lines(settings);
  const auto read = parse_setting_lines(lines);
  check(read && write_setting_lines(*read) == lines, "flags do not survive the way to the service");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = fuzz::text_of(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0: read_file<AgentSettings>(text, list_settings); break;
    case 1: read_file<ControllerSettings>(text, describe); break;
    case 2: read_agent_flags(text); break;
    default: read_controller_flags(text); break;
  }
  return 0;
}
