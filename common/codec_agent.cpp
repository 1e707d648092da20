// Hello, shape message and bye: what an agent says rarely.
#include <cstring>
#include <functional>

#include "common/codec_parts.hpp"
#include "schemas/messages_generated.h"

namespace capmap {
namespace {

constexpr std::size_t kMaxConditions = 16;

std::optional<Measured> read_measured(const wire::Measured* table, FieldReader& reader) {
  if (table == nullptr) return std::nullopt;
  reader.require(table->at_unix_s() != 0, "measured.at_unix_s", "is 0");
  return Measured{.at_unix_s = table->at_unix_s(),
                  .seconds = table->seconds(),
                  .threads = table->threads(),
                  .fp64_gemm_mflops = table->fp64_gemm_mflops(),
                  .fp32_gemm_mflops = table->fp32_gemm_mflops(),
                  .memory_mbs = table->memory_mbs(),
                  .disk_read_mbs = table->disk_read_mbs(),
                  .conditions = reader.texts(table->conditions(), kMaxConditions, "measured.conditions")};
}

flatbuffers::Offset<wire::Measured> put_measured(Builder& builder, const std::optional<Measured>& measured) {
  if (!measured) return {};
  return wire::CreateMeasured(builder, measured->at_unix_s, measured->seconds, measured->threads, measured->fp64_gemm_mflops,
                              measured->fp32_gemm_mflops, measured->memory_mbs, measured->disk_read_mbs,
                              put_texts(builder, measured->conditions, kMaxConditions));
}

std::vector<Label> read_labels(const wire::Hello& table, FieldReader& reader) {
  auto labels = reader.rows<Label>(table.labels(), kMaxLabels, "labels", [&reader](const auto& row) {
    Label label{reader.text(row.key(), "labels.key"), reader.text(row.value(), "labels.value")};
    reader.require(!label_problem(label.key, label.value), "labels", "hold what is no label");
    return label;
  });
  const auto out_of_order = [](const Label& a, const Label& b) { return a.key >= b.key; };
  reader.require(std::ranges::adjacent_find(labels, out_of_order) == labels.end(), "labels", "are not in ascending order, each once");
  return labels;
}

auto put_labels(Builder& builder, const std::vector<Label>& labels) {
  return put_rows<wire::Label>(builder, labels, kMaxLabels, [&builder](const Label& label) {
    const auto key = put_text(builder, label.key);
    return wire::CreateLabel(builder, key, put_text(builder, label.value));
  });
}

std::vector<AcceleratorDriver> read_drivers(const wire::Hello& table, FieldReader& reader) {
  return reader.rows<AcceleratorDriver>(table.accelerator_drivers(), kMaxDrivers, "accelerator_drivers", [&reader](const auto& row) {
    return AcceleratorDriver{.name = reader.text(row.name(), "accelerator_drivers.name"),
                             .version = reader.text(row.version(), "accelerator_drivers.version"),
                             .cuda_version = reader.text(row.cuda_version(), "accelerator_drivers.cuda_version")};
  });
}

auto put_drivers(Builder& builder, const std::vector<AcceleratorDriver>& drivers) {
  return put_rows<wire::AcceleratorDriver>(builder, drivers, kMaxDrivers, [&builder](const AcceleratorDriver& driver) {
    const auto name = put_text(builder, driver.name);
    const auto version = put_text(builder, driver.version);
    return wire::CreateAcceleratorDriver(builder, name, version, put_text(builder, driver.cuda_version));
  });
}

/// Watts plus 1, so that what is not known is not zero watts.
using Limits = std::vector<std::optional<std::uint32_t>>;
Limits read_limits(const wire::Hello& table, std::size_t accelerators, FieldReader& reader) {
  Limits limits;
  const auto* const coded = table.accelerator_power_limit_watts();
  if (coded == nullptr) return limits;
  reader.require(coded->size() == accelerators, "accelerator_power_limit_watts", "is not as long as accelerator_addresses");
  for (flatbuffers::uoffset_t i = 0; reader.good() && i < coded->size(); ++i) {
    limits.push_back(coded->Get(i) == 0 ? std::nullopt : std::optional<std::uint32_t>(coded->Get(i) - 1U));
  }
  return limits;
}

flatbuffers::Offset<flatbuffers::Vector<std::uint16_t>> put_limits(Builder& builder, const Limits& limits) {
  constexpr std::uint32_t kMostWatts = UINT16_MAX - 1;
  if (std::ranges::none_of(limits, [](const auto& limit) { return limit.has_value(); })) return {};
  std::vector<std::uint16_t> coded;
  for (std::size_t i = 0; i < std::min(limits.size(), kMaxAccelerators); ++i) {
    coded.push_back(static_cast<std::uint16_t>(limits[i] ? std::min(*limits[i], kMostWatts) + 1 : 0));
  }
  return builder.CreateVector(coded);
}

std::vector<Fingerprint> read_fingerprints(const flatbuffers::Vector<std::uint64_t>* list, std::size_t most, const char* field,
                                           FieldReader& reader) {
  std::vector<Fingerprint> fingerprints;
  if (list == nullptr) return fingerprints;
  reader.require(list->size() <= most, field, "are too many");
  if (!reader.good()) return fingerprints;
  fingerprints.resize(list->size());
  // Of a damaged message they may lie anywhere: a verifier looks at where a vector's length stands, and not at what it holds.
  if (!fingerprints.empty()) std::memcpy(fingerprints.data(), list->Data(), fingerprints.size() * sizeof(Fingerprint));
  for (auto& fingerprint : fingerprints) fingerprint = flatbuffers::EndianScalar(fingerprint);
  const bool ordered = std::ranges::adjacent_find(fingerprints, std::greater_equal<>()) == fingerprints.end();
  reader.require(ordered, field, "are not in ascending order, each once");
  return fingerprints;
}

auto put_fingerprints(Builder& builder, const std::vector<Fingerprint>& list, std::size_t most) {
  return builder.CreateVector(list.data(), std::min(list.size(), most));
}

Hello read_hello(const wire::Hello& table, FieldReader& reader) {
  Hello hello;
  hello.envelope = reader.envelope(table);
  hello.shape_id.bytes = id_of_halves(table.shape_id_first(), table.shape_id_second());
  hello.agent_version = reader.text(table.agent_version(), "agent_version");
  hello.hostname = reader.text(table.hostname(), "hostname");
  hello.os = reader.text(table.os(), "os");
  hello.kernel = reader.text(table.kernel(), "kernel");
  hello.virtualization = reader.text(table.virtualization(), "virtualization");
  hello.memory_total_bytes = table.memory_total_bytes();
  hello.pus_allowed = reader.in_range(table.pus_allowed(), kMaxCount, "pus_allowed");
  hello.time_unix_ms = table.time_unix_ms();
  hello.disk_names = reader.texts(table.disk_names(), kMaxRows, "disk_names");
  hello.nic_names = reader.texts(table.nic_names(), kMaxRows, "nic_names");
  hello.accelerator_addresses = reader.texts(table.accelerator_addresses(), kMaxAccelerators, "accelerator_addresses");
  hello.problems = reader.problems(table);
  hello.measured = read_measured(table.measured(), reader);
  hello.file_systems_size_mb = table.file_systems_size_mb();
  hello.maker = reader.text(table.maker(), "maker");
  hello.product = reader.text(table.product(), "product");
  hello.labels = read_labels(table, reader);
  hello.accelerator_drivers = read_drivers(table, reader);
  hello.accelerator_power_limit_watts = read_limits(table, hello.accelerator_addresses.size(), reader);
  hello.fingerprints = read_fingerprints(table.fingerprints(), kMaxFingerprints, "fingerprints", reader);
  if (const auto* guests = table.guest_fingerprints(); guests != nullptr) {
    hello.guest_fingerprints = read_fingerprints(guests, kMaxGuestFingerprints, "guest_fingerprints", reader);
  }
  hello.machine = {.uuid = table.machine_uuid(), .ports = table.machine_ports()};
  return hello;
}

ShapeMessage read_shape_message(const wire::Shape& table, FieldReader& reader) {
  ShapeMessage message;
  message.envelope = reader.envelope(table);
  message.shape.compressed = table.compressed();
  message.shape.raw_bytes = reader.in_range(table.raw_bytes(), kMaxShapeRawBytes, "raw_bytes");
  const std::size_t body_bytes = table.body() == nullptr ? 0 : table.body()->size();
  reader.require(body_bytes != 0, "body", "is empty");
  if (table.compressed()) {
    reader.require(body_bytes < table.raw_bytes(), "body", "is compressed and not shorter than raw_bytes");
  } else {
    reader.require(body_bytes == table.raw_bytes(), "body", "is not raw_bytes long");
  }
  if (!reader.good()) return message;
  const auto* begin = reinterpret_cast<const std::byte*>(table.body()->data());
  message.shape.body.assign(begin, begin + body_bytes);
  return message;
}

Bye read_bye(const wire::Bye& table, FieldReader& reader) {
  Bye bye;
  bye.envelope = reader.envelope(table);
  bye.reason = reader.text(table.reason(), "reason");
  return bye;
}

}  // namespace

Bytes encode(const Hello& message) {
  Builder builder;
  const auto agent_version = put_text(builder, message.agent_version);
  const auto hostname = put_text(builder, message.hostname);
  const auto os = put_text(builder, message.os);
  const auto kernel = put_text(builder, message.kernel);
  const auto virtualization = put_text(builder, message.virtualization);
  const auto disk_names = put_texts(builder, message.disk_names, kMaxRows);
  const auto nic_names = put_texts(builder, message.nic_names, kMaxRows);
  const auto accelerators = put_texts(builder, message.accelerator_addresses, kMaxAccelerators);
  const auto problems = put_problems<wire::Problem>(builder, message.problems);
  const auto measured = put_measured(builder, message.measured);
  const auto maker = put_text(builder, message.maker);
  const auto product = put_text(builder, message.product);
  const auto labels = put_labels(builder, message.labels);
  const auto drivers = put_drivers(builder, message.accelerator_drivers);
  const auto limits = put_limits(builder, message.accelerator_power_limit_watts);
  flatbuffers::Offset<flatbuffers::Vector<std::uint64_t>> own, guests;
  if (!message.fingerprints.empty()) own = put_fingerprints(builder, message.fingerprints, kMaxFingerprints);
  if (message.guest_fingerprints) guests = put_fingerprints(builder, *message.guest_fingerprints, kMaxGuestFingerprints);
  const auto& id = message.shape_id.bytes;
  return finish(
      builder,
      wire::CreateHello(builder, message.envelope.run_id, half_of(id, 0), half_of(id, 8), message.envelope.seq, agent_version, hostname, os,
                        kernel, virtualization, message.memory_total_bytes, message.pus_allowed, message.time_unix_ms, disk_names,
                        nic_names, accelerators, problems, measured, message.file_systems_size_mb, maker, product, labels, drivers, limits,
                        own, guests, message.machine.uuid, message.machine.ports),
      kHelloId);
}

Bytes encode(const ShapeMessage& message) {
  Builder builder;
  const auto& shape = message.shape;
  const auto body = builder.CreateVector(reinterpret_cast<const std::uint8_t*>(shape.body.data()), shape.body.size());
  return finish(builder, wire::CreateShape(builder, message.envelope.run_id, message.envelope.seq, shape.raw_bytes, shape.compressed, body),
                kShapeMessageId);
}

Bytes encode(const Bye& message) {
  Builder builder;
  const auto reason = put_text(builder, message.reason);
  return finish(builder, wire::CreateBye(builder, message.envelope.run_id, message.envelope.seq, reason), kByeId);
}

Result<Hello> decode_hello(const Received& received) {
  return decode_kind<Hello, wire::Hello>(received, kHelloId, "hello", read_hello);
}

Result<ShapeMessage> decode_shape_message(const Received& received) {
  return decode_kind<ShapeMessage, wire::Shape>(received, kShapeMessageId, "shape", read_shape_message);
}

Result<Bye> decode_bye(const Received& received) {
  return decode_kind<Bye, wire::Bye>(received, kByeId, "bye", read_bye);
}

}  // namespace capmap
