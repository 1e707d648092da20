#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace capmap {

/// Amounts as people read them. Three significant digits and a unit; storage decimal (TB), memory binary (TiB), peaks in FLOP/s or
/// OP/s. National sums of bytes pass 64 bits, so amounts are 128 bits wide. Pure; any thread.
using WideAmount = unsigned __int128;

/// Decimal digits only; absent for anything else or what does not fit 128 bits.
std::optional<WideAmount> parse_wide(std::string_view digits);

std::string count_text(WideAmount count);        ///< "20,000,000"
std::string storage_text(WideAmount bytes);      ///< "512 B", "3.84 TB", "1.20 EB"
std::string memory_text(WideAmount bytes);       ///< "512 B", "1.50 TiB"
std::string flops_text(WideAmount mflops);       ///< "1.23 TFLOP/s"
std::string ops_text(WideAmount mops);           ///< "3.96 POP/s", for int8 and int4
std::string bandwidth_text(WideAmount mbps);     ///< "25.0 Gbit/s"
std::string cores_text(WideAmount millicores);   ///< "12.4": thousandths of a PU, rounded to tenths
std::string watts_text(WideAmount watts);        ///< "480 W", "1.23 MW"
std::string share_text(std::uint64_t permille);  ///< "20.0 %"
std::string age_text(std::uint64_t ms);          ///< "0.4 s", "25 s", "3 min", "2.5 h", "12 d"
std::string utc_text(std::uint64_t unix_ms);     ///< "2026-11-22 21:00:00 UTC"

/// "90s", "30m", "24h", "7d" in ms; 1 s to 365 d. Errors: kMalformed, saying what is taken.
Result<std::uint64_t> parse_duration_ms(std::string_view text);

}  // namespace capmap
