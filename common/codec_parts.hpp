#pragma once
#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/codec.hpp"

namespace capmap {

/// What the codec_*.cpp files share; nothing else includes this. Generated code stays out of it: the tables come in as templates.

inline constexpr char kHelloId[] = "CMHE";
inline constexpr char kShapeMessageId[] = "CMSH";
inline constexpr char kHeartbeatId[] = "CMHB";
inline constexpr char kUsageId[] = "CMUS";
inline constexpr char kByeId[] = "CMBY";
inline constexpr char kAckId[] = "CMAK";
inline constexpr char kJoinId[] = "CMJN";
inline constexpr char kJoinedId[] = "CMJD";
inline constexpr char kShapeBodyId[] = "CMSB";

// Limits of meaning. The encoder cuts texts and lists to them, the decoder refuses what is over.
inline constexpr std::size_t kMaxTextBytes = 512;
inline constexpr std::size_t kMaxProblems = 64;
inline constexpr std::size_t kMaxFileSystems = 64;
inline constexpr std::size_t kMaxAccelerators = 1'024;
inline constexpr std::size_t kMaxTrafficDevices = 1'024;
inline constexpr std::size_t kMaxDrivers = 16;
inline constexpr std::uint32_t kMaxDies = 16;
inline constexpr std::size_t kMaxRows = 4'096;  ///< disks, NICs: rows of a shape, names in a hello
inline constexpr std::size_t kMaxIsaWords = 64;
inline constexpr std::size_t kMaxCoreKinds = 16;
inline constexpr std::uint32_t kMaxCount = 65'536;  ///< cores, devices of one row
inline constexpr std::uint32_t kMaxMhz = 100'000;

using Builder = flatbuffers::FlatBufferBuilder;
using Text = flatbuffers::Offset<flatbuffers::String>;
using Texts = flatbuffers::Offset<flatbuffers::Vector<Text>>;

/// Writes one text: cut to kMaxTextBytes between UTF-8 characters, control characters replaced by '?'. Empty is left out (offset 0).
Text put_text(Builder& builder, std::string_view text);
/// Writes a list of texts, cut to `limit`. Empty is left out.
Texts put_texts(Builder& builder, const std::vector<std::string>& texts, std::size_t limit);
/// A message that is ended; good until the builder changes.
inline std::span<const std::byte> bytes_of(const Builder& builder) {
  return {reinterpret_cast<const std::byte*>(builder.GetBufferPointer()), builder.GetSize()};
}
/// Ends a message and hands its bytes over.
template <class Table>
Bytes finish(Builder& builder, flatbuffers::Offset<Table> root, const char* identifier) {
  builder.Finish(root, identifier);
  const auto bytes = bytes_of(builder);
  return {bytes.begin(), bytes.end()};
}

/// Writes a list of tables: put_row(row) returns the offset of each; cut to `limit`. Empty is left out.
template <class Table, class Row, class PutRow>
flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<Table>>> put_rows(Builder& builder, const std::vector<Row>& rows,
                                                                              std::size_t limit, PutRow put_row) {
  if (rows.empty()) return 0;
  std::vector<flatbuffers::Offset<Table>> offsets;
  const std::size_t count = std::min(rows.size(), limit);
  offsets.reserve(count);
  for (std::size_t i = 0; i < count; ++i) offsets.push_back(put_row(rows[i]));
  return builder.CreateVector(offsets);
}

/// Writes a list of problems, cut to kMaxProblems. Table: the wire's Problem.
template <class Table>
auto put_problems(Builder& builder, const std::vector<Problem>& problems) {
  return put_rows<Table>(builder, problems, kMaxProblems, [&builder](const Problem& problem) {
    const auto probe = put_text(builder, problem.probe);
    const auto what = put_text(builder, problem.what);
    typename Table::Builder row(builder);
    row.add_probe(probe);
    row.add_what(what);
    return row.Finish();
  });
}

/// An aligned copy of received bytes, whose length is in range and whose identifier may be read.
struct Received {
  std::span<const std::byte> bytes;
  [[nodiscard]] bool is(const char* identifier) const;
};
/// The copy lies in `memory`, which comes from operator new, so it is aligned for every scalar; good until that changes.
Result<Received> receive_bytes(std::span<const std::byte> bytes, std::size_t limit_bytes, const char* kind, Bytes& memory);

/// Checks memory safety and yields the root, or null. The only place that knows the library's verifier.
template <class Table>
const Table* verified_root(const Received& received, const char* identifier) {
  constexpr std::uint32_t kMaxDepth = 16;
  constexpr std::uint32_t kMaxTables = 20'000;
  const auto* begin = reinterpret_cast<const std::uint8_t*>(received.bytes.data());
  flatbuffers::Verifier verifier(begin, received.bytes.size(), kMaxDepth, kMaxTables);
  return verifier.VerifyBuffer<Table>(identifier) ? flatbuffers::GetRoot<Table>(begin) : nullptr;
}

/// Reads fields and checks their meaning; remembers the first field without one. Lives for one message, in one thread.
class FieldReader {
 public:
  /// kind: the message's name in errors. Its texts together may not be longer than message_bytes: offsets that all point at one long
  /// text would blow a small message up.
  FieldReader(const char* kind, std::size_t message_bytes) : kind_(kind), text_left_bytes_(message_bytes) {}

  void refuse(const char* field, const std::string& reason);
  /// Refuses `field` unless `good`.
  void require(bool good, const char* field, const char* reason);
  std::string text(const flatbuffers::String* text, const char* field);
  std::vector<std::string> texts(const flatbuffers::Vector<Text>* texts, std::size_t limit, const char* field);
  std::uint32_t in_range(std::uint32_t value, std::uint32_t most, const char* field);  ///< 1 to most
  std::optional<std::uint32_t> in_range(std::optional<std::uint32_t> value, std::uint32_t most, const char* field);

  /// read_row(row) -> value, for each table of a list.
  template <class Value, class Table, class ReadRow>
  std::vector<Value> rows(const flatbuffers::Vector<flatbuffers::Offset<Table>>* list, std::size_t limit, const char* field,
                          ReadRow read_row) {
    std::vector<Value> values;
    if (!list_fits(list == nullptr ? 0 : list->size(), limit, field) || list == nullptr) return values;
    values.reserve(list->size());
    for (const Table* row : *list) values.push_back(read_row(*row));
    return values;
  }

  template <class Table>
  Envelope envelope(const Table& table) {
    require(table.run_id() != 0, "run_id", "is 0");
    require(table.seq() != 0, "seq", "is 0");
    return {table.run_id(), table.seq()};
  }

  template <class Table>
  std::vector<Problem> problems(const Table& table) {
    return rows<Problem>(table.problems(), kMaxProblems, "problems", [this](const auto& row) {
      return Problem{text(row.probe(), "problems.probe"), text(row.what(), "problems.what")};
    });
  }

  [[nodiscard]] bool good() const { return reason_.empty(); }
  [[nodiscard]] Error error() const { return {ErrorCode::kMalformed, std::string(kind_) + ": " + reason_}; }

  /// The value when every field had a meaning, else the first reason why not.
  template <class Value>
  [[nodiscard]] Result<Value> finish(Value value) const {
    if (!good()) return error();
    return value;
  }

 private:
  bool list_fits(std::size_t size, std::size_t limit, const char* field);

  const char* kind_;
  std::size_t text_left_bytes_;
  std::string reason_;
};

/// Verifies one kind and reads it: read(table, reader) -> Value.
template <class Value, class Table, class Read>
Result<Value> decode_kind(const Received& received, const char* identifier, const char* kind, Read read) {
  const Table* table = verified_root<Table>(received, identifier);
  if (table == nullptr) return Error{ErrorCode::kMalformed, std::string(kind) + ": not a valid buffer of this kind"};
  FieldReader reader(kind, received.bytes.size());
  return reader.finish<Value>(read(*table, reader));
}

/// A wire enum as ours; a value this reader does not know yet is unknown. Both have the same numbers.
template <class Ours, class Wire>
Ours known_or_unknown(Wire value, Wire last) {
  return value <= last ? static_cast<Ours>(value) : Ours{};
}

/// An id's bytes as two little-endian numbers, and back.
std::uint64_t half_of(const std::array<std::uint8_t, 16>& bytes, std::size_t first);
std::array<std::uint8_t, 16> id_of_halves(std::uint64_t first, std::uint64_t second);

/// Writes an ack and ends the message: its bytes are the builder's.
void put_ack(Builder& builder, const Ack& ack);
/// Any kind that an agent sends, and each of them.
Result<AgentMessage> decode_agent_message(const Received& received);
Result<Hello> decode_hello(const Received& received);
Result<ShapeMessage> decode_shape_message(const Received& received);
Result<Heartbeat> decode_heartbeat(const Received& received);
Result<UsageMessage> decode_usage(const Received& received);
Result<Bye> decode_bye(const Received& received);

}  // namespace capmap
