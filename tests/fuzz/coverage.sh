#!/bin/bash
# Line coverage of the decoders over the fuzz corpus, by clang's source-based coverage.
#   coverage.sh [INPUT_FOLDER...]   also replays these folders (say build/fuzz/corpus/messages)
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
tool() { command -v "$1-14" || command -v "$1" || { echo "coverage.sh: no $1: install llvm-14" >&2; exit 2; }; }
profdata=$(tool llvm-profdata) cov=$(tool llvm-cov)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/schemas"
flatc --cpp --cpp-std c++17 --scoped-enums -o "$work/schemas" schemas/*.fbs
sources=(common/codec*.cpp common/shape.cpp)
clang++ -std=c++20 -O1 -fprofile-instr-generate -fcoverage-mapping -I. -isystem "$work" "${sources[@]}" common/ids.cpp common/check.cpp \
  tests/fuzz/fuzz_messages.cpp tests/fuzz/replay.cpp -lsodium -lzstd -o "$work/replay"
LLVM_PROFILE_FILE="$work/raw" "$work/replay" tests/fuzz/corpus/messages "$@" 2>/dev/null
"$profdata" merge -o "$work/profile" "$work/raw"
"$cov" report "$work/replay" -instr-profile="$work/profile" "${sources[@]}" common/codec_parts.hpp -show-region-summary=0 \
  -show-branch-summary=0
