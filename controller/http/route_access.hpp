#pragma once
#include "controller/access/principal.hpp"
#include "controller/http/routes.hpp"

namespace capmap {

/// What a route takes of who asks.
struct RouteAccess {
  Role least = Role::kViewer;
  bool open = false;               ///< nobody is asked who they are
  bool partial = false;            ///< who has a scope may ask too: the answer, or the change, stays within it
  Role long_body = Role::kViewer;  ///< least role whose bodies may be as long as the route takes; else as everywhere
};

/// A route that is not named in route_access.cpp takes most: an admin for what changes something, nobody with a scope for what reads.
RouteAccess access_of(const Route& route);

}  // namespace capmap
