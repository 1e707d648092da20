#pragma once
#include <memory>
#include <string>

#include "common/published.hpp"
#include "common/result.hpp"
#include "controller/http/gate_options.hpp"
#include "controller/settings.hpp"
#include "controller/tls/tls_pair.hpp"

namespace capmap {

/// Who may reach the API and by what, of the settings. Errors: kMalformed and kDenied, naming the setting and what to do; those of the
/// files that settings name.
Result<GateOptions> read_gate(const ControllerSettings& settings);
/// The pair that settings name; null: plain HTTP. Errors: as TlsPair::load; kMalformed (one of two is set).
Result<std::shared_ptr<const TlsPair>> read_tls(const ControllerSettings& settings);
/// Publishes the pair as it is in the files now. One that cannot be used, or has expired, leaves the old one in place, and the log says
/// why: connections go on as before.
void reload_tls(const ControllerSettings& settings, Published<TlsPair>& tls, std::uint64_t now_unix_ms);
/// Tells the log what is shown, and that it has expired where it has.
void tell_tls(const TlsPair& pair, std::uint64_t now_unix_ms);

}  // namespace capmap
