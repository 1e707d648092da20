#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "controller/ctl/commands.hpp"

int main(int argc, char** argv) {
  const bool terminal = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  const auto code = capmap::run_ctl(std::vector<std::string>(argv + 1, argv + argc), CAPMAP_VERSION, std::cout, std::cerr, terminal);
  std::cout.flush();
  if (!std::cout) {
    std::cerr << "capmapctl: the answer could not be written\n";
    return static_cast<int>(capmap::CtlExit::kFailed);
  }
  return static_cast<int>(code);
}
