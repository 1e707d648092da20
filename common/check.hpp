#pragma once

namespace capmap {

/// Ends the program when one of our own promises is broken: prints place and message to stderr, then aborts.
/// For our bugs only; what the outside world may do wrong is a Result. Thread: any. Cost: one compare.
void check(bool promise, const char* message, const char* file = __builtin_FILE(), int line = __builtin_LINE());

}  // namespace capmap
