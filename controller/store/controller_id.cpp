#include "controller/store/controller_id.hpp"

#include <array>
#include <cstring>
#include <string>

namespace capmap {
namespace {

constexpr std::array<const char*, 2> kNames = {"controller_id_first", "controller_id_second"};  ///< half of the bytes each, as they lie

}  // namespace

Result<std::optional<ControllerId>> read_controller_id(Database& database) {
  ControllerId id;
  for (std::size_t half = 0; half < kNames.size(); ++half) {
    const auto value = database.number((std::string("select value from meta where name = '") + kNames[half] + "'").c_str());
    if (!value && value.error().code == ErrorCode::kAbsent) return std::optional<ControllerId>();
    if (!value) return value.error();
    std::memcpy(id.bytes.data() + half * sizeof(std::int64_t), &*value, sizeof(std::int64_t));
  }
  return std::optional(id);
}

Result<Done> write_controller_id(Database& database, const ControllerId& id) {
  for (std::size_t half = 0; half < kNames.size(); ++half) {
    std::int64_t value = 0;
    std::memcpy(&value, id.bytes.data() + half * sizeof value, sizeof value);
    auto put = database.prepare("insert into meta values (?1, ?2) on conflict (name) do update set value = excluded.value");
    if (!put) return put.error();
    if (const auto stepped = put->bind(1, kNames[half]).bind(2, value).step(); !stepped) return stepped.error();
  }
  return Done{};
}

}  // namespace capmap
