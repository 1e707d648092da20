#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/finding.hpp"
#include "common/result.hpp"

namespace capmap {

/// What of a controller's settings its doctor looks at.
struct ControllerPlaces {
  std::string state = "/var/lib/capmap-controller", http_address = "127.0.0.1";
  std::uint16_t http_port = 8470, message_port = 8471, enrol_port = 8472;
  std::uint64_t most_connections = 0;  ///< 0 = as many as descriptors allow
  std::vector<std::string> certificates, private_keys;
};

/// Reads them of a settings file (controller.toml). `fallback` holds where the file says nothing, or is not there. Whether the file is
/// right in all it says is the controller's to tell. Errors: kDenied, kMalformed with the place.
Result<ControllerPlaces> read_controller_places(const std::string& file, ControllerPlaces fallback);

/// The installation of a controller on this machine. Nothing is changed; a running controller is asked by connecting to its ports alone.
Findings examine_controller(const ControllerPlaces& places);

/// State folder, keys, databases, certificates: modes, owners, space, and whether the store is whole.
void examine_files(const ControllerPlaces& places, bool runs, Findings& findings);

/// "→ Overall exposure level for x.service: 1.2 OK": the figure in tenths. Absent: there is none. Pure.
std::optional<unsigned> exposure_of(std::string_view report);

}  // namespace capmap
