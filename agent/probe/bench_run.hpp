#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "agent/probe/bench_limits.hpp"
#include "common/result.hpp"

namespace capmap {

/// Measurements of the running machine. Each runs until its clock is over, within `limits`; a stopped one is kTimeout ("stopped"), for a
/// part of a run says nothing. None changes what the catalog says: a measured value is no nominal one.

struct GemmResult {
  std::uint64_t mflops = 0;  ///< 10^6 operations a second, sustained over all multiplications
  std::string library;       ///< the file that was loaded
  std::uint32_t size = 0;    ///< of the square matrices
  std::uint32_t threads = 0;
};
/// Sides of the matrices are as large as a quarter of the memory, 16,384 and an eighth of the time for one multiplication allow: many cores
/// sustain their rate on large ones only.
/// C = A x B through OpenBLAS or BLIS, whichever is installed. Errors: kAbsent (neither is), kFull (no memory for it), kTimeout.
Result<GemmResult> bench_gemm(bool fp64, const BenchLimits& limits, const BenchClock& clock);

/// One product of two square matrices of side n (row by row) by the library that bench_gemm() would take. Errors: kAbsent, kMalformed
/// (sizes that do not fit).
Result<std::vector<double>> multiply_once(bool fp64, std::uint32_t n, const std::vector<double>& a, const std::vector<double>& b);

struct TriadResult {
  std::uint64_t megabytes_a_second = 0;  ///< 10^6 bytes read and written; what a write fetches first is not counted, as STREAM has it
  std::uint64_t bytes = 0;               ///< all three arrays of all threads
  std::uint32_t threads = 0;
};
/// a[i] = b[i] + s x c[i], one thread pinned to each PU that may run, each in memory it touched first. Errors: kFull, kTimeout.
Result<TriadResult> bench_triad(const BenchLimits& limits, const BenchClock& clock);

struct DiskResult {
  std::uint64_t megabytes_a_second = 0;
  std::uint64_t bytes = 0;  ///< of the file
  bool direct = false;      ///< past the page cache; else the kernel was asked to forget the file first
};
/// Sequential read of a file made in `folder`; it has no name from the start, so it is gone whatever ends us. Errors: kDenied, kAbsent,
/// kFull (under 64 MiB may be used), kUnavailable (a file system in memory, I/O errors), kTimeout.
Result<DiskResult> bench_disk(const std::string& folder, const BenchClock& write_clock, const BenchClock& read_clock);

}  // namespace capmap
