#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "controller/ctl/commands.hpp"

namespace {

capmap::Terminal terminal_of_stdout() {
  if (isatty(STDOUT_FILENO) != 1) return {};
  const char* const kind = std::getenv("TERM");
  const bool dumb = kind != nullptr && std::string_view(kind) == "dumb";
  capmap::Terminal terminal{.present = true, .colours = std::getenv("NO_COLOR") == nullptr && !dumb};
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
    terminal.columns = size.ws_col;
    terminal.rows = dumb ? std::uint16_t{0} : size.ws_row;
  }
  return terminal;
}

}  // namespace

int main(int argc, char** argv) {
  const auto code =
      capmap::run_ctl(std::vector<std::string>(argv + 1, argv + argc), CAPMAP_VERSION, std::cout, std::cerr, terminal_of_stdout());
  std::cout.flush();
  if (!std::cout) {
    std::cerr << "capmapctl: the answer could not be written\n";
    return static_cast<int>(capmap::CtlExit::kFailed);
  }
  return static_cast<int>(code);
}
