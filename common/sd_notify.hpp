#pragma once
#include <string>

namespace capmap {

/// Tells systemd a state ("READY=1", "STOPPING=1", "STATUS=..."), newline between several. Does nothing when systemd did not ask
/// (no NOTIFY_SOCKET). libsystemd would cost 1 MB of memory for these lines. Thread: any.
void notify_systemd(const std::string& state);

}  // namespace capmap
