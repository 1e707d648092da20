#pragma once
#include "controller/http/routes.hpp"

namespace capmap {

/// GET /v1/find: who could serve a demand now. Nothing is promised or kept. Thread: http.
Outcome get_find(const Call& call);

}  // namespace capmap
