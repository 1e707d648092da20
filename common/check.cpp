#include "common/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace capmap {

void check(bool promise, const char* message, const char* file, int line) {
  if (promise) return;
  std::fprintf(stderr, "BUG: %s:%d: %s\n", file, line, message);
  std::abort();
}

}  // namespace capmap
