#pragma once
#include "common/messages.hpp"
#include "common/result.hpp"

namespace capmap {

/// Sorts and merges a shape into its canonical order, so that equal servers encode to equal bytes: ISA words sorted and unique,
/// core kinds by cores (most first), accelerators, NICs and disks sorted with equal ones merged into `count`.
void canonicalize(Shape& shape);

/// MemTotal rounded up to 1/64 of its power of two: 24,684,096 KiB -> a multiple of 256 MiB. For machines without memory blocks.
std::uint64_t rounded_memory_bytes(std::uint64_t memtotal_bytes);

/// Encodes, hashes and (over 512 bytes, when smaller) zstd-compresses a canonical shape. Pulls in libzstd: capmap-probe and tests only.
EncodedShape pack_shape(const Shape& shape);

/// Undoes pack_shape on received bytes: bounded decompression, decode, canonical order (rows that differ only in fields
/// of a newer agent merge), and the id computed from the bytes (never a claimed one).
/// Errors: kMalformed (bad zstd frame, raw size not as announced or over kMaxShapeRawBytes, undecodable).
struct UnpackedShape {
  ShapeId id;
  Shape shape;
};
Result<UnpackedShape> unpack_shape(const EncodedShape& encoded);

}  // namespace capmap
