#pragma once
#include <string>

#include "controller/access/principal.hpp"

namespace capmap {

/// By what somebody was let in, kept while an answer to them goes on (see Gate::why_over). Holds no secret, but what is kept of it.
struct Standing {
  Principal principal;
  std::string credential;  ///< hash of the API token, or of the session's cookie; empty where there is none
};

}  // namespace capmap
