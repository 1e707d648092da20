#pragma once
#include <string>

#include "controller/joining_requests.hpp"
#include "controller/metrics.hpp"

namespace capmap {

/// How much room the file system of the state folder has, for those that may write (statvfs(3)). Nothing where it cannot be asked.
Metrics disk_metrics(const std::string& state_folder);

/// Since when the server's key is the server's, and how far a change of it is.
Metrics server_key_metrics(const ServerKeyStatus& status);

}  // namespace capmap
