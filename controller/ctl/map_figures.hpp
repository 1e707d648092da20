#pragma once
#include <cstdint>
#include <string>

#include "controller/ctl/api.hpp"
#include "controller/ctl/table_look.hpp"
#include "controller/ctl/units.hpp"

namespace capmap {

/// Figures of one group of /v1/map as text. What is not known says so and never reads as 0:
/// "unknown" (nobody could say), "unrated" (the chip table has no peak), "not offered" (rated, but not at this precision), "–" (there
/// is nothing to say it of). Pure.
using UnitText = std::string (*)(WideAmount);

/// What is installed: unknown when the sum is 0 only because nothing was known.
std::string installed_text(const ApiJson& group, const char* family, const char* member, const char* unknown_member, UnitText unit);
/// What is used or free on available nodes.
std::string use_text(const ApiJson& group, const char* family, const char* member, UnitText unit);
/// Used or free accelerators.
std::string accelerator_use_text(const ApiJson& group, const char* member);
/// Peak of "cpu" or "accelerators" at a precision ("fp32").
std::string peak_text(const ApiJson& group, const char* part, const std::string& precision);
/// Peak of the accelerators that are free on available nodes.
std::string free_peak_text(const ApiJson& group, const std::string& precision);
/// True when a rated part offers the precision.
bool has_peak(const ApiJson& group, const std::string& precision);
/// First reason why parts of a kind are not rated ("cpu", or any accelerator for "accelerators"); empty = none.
std::string unrated_reason(const ApiJson& group, const std::string& part);

/// [{"what", "why", "count"}] as a titled list, at most 20 of them and a word about the rest; empty for none.
std::string unrated_lines(const ApiJson& reasons, const TableLook& look);

std::uint64_t count_at(const ApiJson& object, const char* key);  ///< 0 when missing: for counts that are never unknown
std::string oldest_text(const ApiJson& group);                   ///< "25 s"; "unknown" when none was heard
std::string share_at(const ApiJson& group, const char* key);     ///< "20.0 %"
/// "age mean 1.2 s, max 5.0 s (5 of 6 nodes heard), 20.0 % not fresh, 40.0 % with unrated parts"
std::string honesty_line(const ApiJson& group);

}  // namespace capmap
