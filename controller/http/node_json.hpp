#pragma once
#include <cstdint>
#include <optional>

#include "controller/http/json.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

/// The line of a node in a list. Site and hardware that the view does not have yet are null.
Json node_summary(const NodeRow& row, const MapView& view, std::uint64_t now_boot_ms);

/// Everything that is known about one node. Byte counts of one machine are numbers; what is unknown is null.
Json node_detail(const NodeRow& row, const MapView& view, std::uint64_t now_boot_ms);

/// A kind of server with its peaks; null where it is not known.
Json hardware_json(const HardwareRow* hardware);

/// What is ordered of a node's service; null where nothing is.
Json service_json(const std::optional<ServiceOrder>& order);

/// Which of its newest messages did not come: "1" in bits, the newest first; null where all did.
Json lost_messages_json(const std::optional<LostMessages>& lost, std::uint64_t now_boot_ms, std::uint64_t now_unix_ms);

/// A benchmark's figures with when and how; null where none was run.
Json measured_json(const std::optional<Measured>& measured);

}  // namespace capmap
