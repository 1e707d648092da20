// The body of a shape: what is hashed, kept and forwarded.
#include <algorithm>

#include "common/codec_parts.hpp"
#include "schemas/messages_generated.h"

namespace capmap {
namespace {

/// Ours and the wire's numbers of an enum are the same; the tests hold every value to that.
template <class Wire, class Ours>
Wire to_wire(Ours value) {
  return static_cast<Wire>(value);
}

/// PUs whose cores are not known are told by the count of PUs alone: a kind of no cores is refused.
auto put_core_kinds(Builder& builder, std::vector<CoreKind> kinds) {
  std::erase_if(kinds, [](const CoreKind& kind) { return kind.cores == 0; });
  return put_rows<wire::CoreKind>(builder, kinds, kMaxCoreKinds, [&builder](const CoreKind& kind) {
    return wire::CreateCoreKind(builder, kind.cores, kind.pus, kind.base_mhz, kind.max_mhz, to_wire<wire::ClockSource>(kind.base_source),
                                to_wire<wire::CoreType>(kind.type));
  });
}

auto put_accelerators(Builder& builder, const std::vector<AcceleratorShape>& accelerators) {
  return put_rows<wire::Accelerator>(builder, accelerators, kMaxAccelerators, [&builder](const AcceleratorShape& row) {
    const auto name = put_text(builder, row.name);
    return wire::CreateAccelerator(builder, row.vendor_id, row.device_id, row.subsystem_vendor_id, row.subsystem_device_id,
                                   row.memory_bytes, row.count, to_wire<wire::AcceleratorKind>(row.kind), name,
                                   static_cast<std::uint8_t>(std::clamp(row.dies, 1U, kMaxDies) - 1));
  });
}

auto put_nics(Builder& builder, const std::vector<NicShape>& nics) {
  return put_rows<wire::Nic>(builder, nics, kMaxRows, [&builder](const NicShape& row) {
    return wire::CreateNic(builder, row.vendor_id, row.device_id, row.speed_mbps, row.count, to_wire<wire::NicType>(row.type), row.rdma);
  });
}

auto put_disks(Builder& builder, const std::vector<DiskShape>& disks) {
  return put_rows<wire::Disk>(builder, disks, kMaxRows, [&builder](const DiskShape& row) {
    const auto model = put_text(builder, row.model);
    return wire::CreateDisk(builder, model, row.bytes, row.count, to_wire<wire::Media>(row.media));
  });
}

CoreKind read_core_kind(const wire::CoreKind& row, FieldReader& reader) {
  return {.cores = reader.in_range(row.cores(), kMaxCount, "core_kinds.cores"),
          .pus = reader.in_range(row.pus(), kMaxCount, "core_kinds.pus"),
          .base_mhz = reader.in_range(row.base_mhz(), kMaxMhz, "core_kinds.base_mhz"),
          .base_source = known_or_unknown<ClockSource>(row.base_source(), wire::ClockSource::MAX),
          .max_mhz = reader.in_range(row.max_mhz(), kMaxMhz, "core_kinds.max_mhz"),
          .type = known_or_unknown<CoreType>(row.type(), wire::CoreType::MAX)};
}

AcceleratorShape read_accelerator(const wire::Accelerator& row, FieldReader& reader) {
  return {.kind = known_or_unknown<AcceleratorKind>(row.kind(), wire::AcceleratorKind::MAX),
          .vendor_id = row.vendor_id(),
          .device_id = row.device_id(),
          .subsystem_vendor_id = row.subsystem_vendor_id(),
          .subsystem_device_id = row.subsystem_device_id(),
          .memory_bytes = row.memory_bytes(),
          .count = reader.in_range(row.count(), kMaxCount, "accelerators.count"),
          .dies = reader.in_range(row.more_dies() + 1U, kMaxDies, "accelerators.more_dies"),
          .name = reader.text(row.name(), "accelerators.name")};
}

NicShape read_nic(const wire::Nic& row, FieldReader& reader) {
  return {.type = known_or_unknown<NicType>(row.type(), wire::NicType::MAX),
          .vendor_id = row.vendor_id(),
          .device_id = row.device_id(),
          .speed_mbps = row.speed_mbps(),
          .rdma = row.rdma(),
          .count = reader.in_range(row.count(), kMaxCount, "nics.count")};
}

DiskShape read_disk(const wire::Disk& row, FieldReader& reader) {
  return {.media = known_or_unknown<Media>(row.media(), wire::Media::MAX),
          .model = reader.text(row.model(), "disks.model"),
          .bytes = row.bytes(),
          .count = reader.in_range(row.count(), kMaxCount, "disks.count")};
}

CpuShape read_cpu(const wire::ShapeBody& table, FieldReader& reader) {
  CpuShape cpu;
  cpu.architecture = known_or_unknown<Architecture>(table.architecture(), wire::Architecture::MAX);
  cpu.vendor = reader.text(table.cpu_vendor(), "cpu_vendor");
  cpu.model = reader.text(table.cpu_model(), "cpu_model");
  cpu.identity = reader.text(table.cpu_identity(), "cpu_identity");
  cpu.packages = reader.in_range(table.packages(), kMaxCount, "packages");
  cpu.dies = reader.in_range(table.dies(), kMaxCount, "dies");
  cpu.cores = reader.in_range(table.cores(), kMaxCount, "cores");
  cpu.pus = reader.in_range(table.pus(), kMaxCount, "pus");
  cpu.numa_nodes = reader.in_range(table.numa_nodes(), kMaxCount, "numa_nodes");
  cpu.core_kinds = reader.rows<CoreKind>(table.core_kinds(), kMaxCoreKinds, "core_kinds",
                                         [&reader](const wire::CoreKind& row) { return read_core_kind(row, reader); });
  cpu.isa = reader.texts(table.isa(), kMaxIsaWords, "isa");
  return cpu;
}

Shape read_shape(const wire::ShapeBody& table, FieldReader& reader) {
  Shape shape;
  shape.cpu = read_cpu(table, reader);
  shape.memory_bytes = table.memory_bytes();
  shape.accelerators = reader.rows<AcceleratorShape>(table.accelerators(), kMaxAccelerators, "accelerators",
                                                     [&reader](const wire::Accelerator& row) { return read_accelerator(row, reader); });
  shape.nics = reader.rows<NicShape>(table.nics(), kMaxRows, "nics", [&reader](const wire::Nic& row) { return read_nic(row, reader); });
  shape.disks =
      reader.rows<DiskShape>(table.disks(), kMaxRows, "disks", [&reader](const wire::Disk& row) { return read_disk(row, reader); });
  return shape;
}

}  // namespace

Bytes encode_shape_raw(const Shape& shape) {
  Builder builder;
  const auto vendor = put_text(builder, shape.cpu.vendor);
  const auto model = put_text(builder, shape.cpu.model);
  const auto identity = put_text(builder, shape.cpu.identity);
  const auto core_kinds = put_core_kinds(builder, shape.cpu.core_kinds);
  const auto isa = put_texts(builder, shape.cpu.isa, kMaxIsaWords);
  const auto accelerators = put_accelerators(builder, shape.accelerators);
  const auto nics = put_nics(builder, shape.nics);
  const auto disks = put_disks(builder, shape.disks);
  return finish(builder,
                wire::CreateShapeBody(builder, shape.memory_bytes, vendor, model, identity, shape.cpu.packages, shape.cpu.dies,
                                      shape.cpu.cores, shape.cpu.pus, shape.cpu.numa_nodes, core_kinds, isa, accelerators, nics, disks,
                                      to_wire<wire::Architecture>(shape.cpu.architecture)),
                kShapeBodyId);
}

Result<Shape> decode_shape_raw(std::span<const std::byte> raw) {
  Bytes memory;
  const auto received = receive_bytes(raw, kMaxShapeRawBytes, "shape body", memory);
  if (!received) return received.error();
  return decode_kind<Shape, wire::ShapeBody>(*received, kShapeBodyId, "shape body", read_shape);
}

}  // namespace capmap
