#pragma once
#include <string>

namespace capmap {

/// How the store thread fares, for /readyz.
struct StoreHealth {
  std::string problem;  ///< why nothing can be kept now, with the fix; empty: all is well
};

}  // namespace capmap
