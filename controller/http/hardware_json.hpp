#pragma once
#include "controller/http/json.hpp"
#include "controller/http/node_json.hpp"
#include "controller/map/hardware_row.hpp"

namespace capmap {

/// What one server of the kind holds, equal devices once with their count: "accelerators", "disks" and "nics".
void add_device_rows(Json& row, const HardwareRow& hardware);
/// The same in a word a device, for tables: "accelerators_text", "disks_text", "nics_text"; and "unrated_text".
void add_device_texts(Json& row, const HardwareRow& hardware);

}  // namespace capmap
