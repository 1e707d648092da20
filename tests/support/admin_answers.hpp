#pragma once
#include "controller/requests.hpp"

namespace capmap::support {

/// What an admin thread answers: node 99 is not known; a site or pool is answered by its name.
AdminChange admin_change(const decltype(AdminRequest::what)& what);

}  // namespace capmap::support
