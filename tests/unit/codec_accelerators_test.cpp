#include <flatbuffers/flatbuffers.h>

#include <catch2/catch.hpp>

#include "common/codec.hpp"

using namespace capmap;

namespace {

constexpr Envelope kEnvelope{.run_id = 7, .seq = 1};

std::string said(const Bytes& bytes) {
  const auto decoded = decode_agent_message(bytes);
  return decoded ? "accepted" : decoded.error().what;
}

}  // namespace

TEST_CASE("codec: short forms that speak of more accelerators than there are are refused") {
  const auto usage = [](std::size_t accelerators, std::uint32_t partitions, std::uint64_t temperatures) {
    flatbuffers::FlatBufferBuilder builder;
    const auto flags = builder.CreateVector(std::vector<std::uint8_t>(accelerators));
    const auto start = builder.StartTable();
    builder.AddElement<std::uint64_t>(4, kEnvelope.run_id, 0);
    builder.AddElement<std::uint32_t>(8, kEnvelope.seq, 0);
    builder.AddOffset(24, flags);
    builder.AddElement<std::uint32_t>(54, partitions, 0);
    builder.AddElement<std::uint64_t>(56, temperatures, 0);
    builder.Finish(flatbuffers::Offset<void>(builder.EndTable(start)), "CMUS");
    const auto* begin = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
    return Bytes{begin, begin + builder.GetSize()};
  };
  CHECK(said(usage(1, 0xF, 0xFF)) == "accepted");
  CHECK(said(usage(8, 0xFFFF'FFFF, UINT64_MAX)) == "accepted");
  CHECK(said(usage(1, 0x1F, 0xFF)).find("accelerator_partitions_short is of more accelerators") != std::string::npos);
  CHECK(said(usage(1, 0xF, 0x1FF)).find("accelerator_temperature_c_short is of more accelerators") != std::string::npos);
  CHECK(said(usage(9, 0xF, 0xFF)).find("accelerator_partitions_short is of more accelerators") != std::string::npos);
}
