// What belongs to no single node, and what changed of late.
#include <algorithm>
#include <string>

#include "common/time_text.hpp"
#include "controller/sql/column_list.hpp"
#include "controller/sql/place_columns.hpp"
#include "controller/sql/tables.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kBytesPerMb = 1'000'000;

/// A file system, or a virtual machine inside a node.
struct SharedAt {
  const SharedThing* thing = nullptr;
  const GuestInHost* guest = nullptr;
  [[nodiscard]] std::uint32_t site() const { return thing != nullptr ? thing->site : guest->site; }
};

void put_bytes(const SharedAt& at, std::optional<std::uint64_t> SharedThing::*member, SqlValue& out) {
  if (at.thing == nullptr || !(at.thing->*member)) return out.null();
  const auto bytes = static_cast<double>(*(at.thing->*member)) * static_cast<double>(kBytesPerMb);
  out.real(bytes);
}

std::vector<SharedAt> seen_things(const SqlScene& scene) {
  std::vector<SharedAt> rows;
  if (scene.view().shared) {
    for (const auto& thing : scene.view().shared->things) {
      if (scene.sees(thing->site)) rows.push_back({.thing = thing.get()});
    }
  }
  if (scene.view().guests) {
    for (const auto& guest : *scene.view().guests) {
      if (scene.sees(guest.site)) rows.push_back({.guest = &guest});
    }
  }
  return rows;
}

}  // namespace

std::unique_ptr<SqlTable> shared_table(const SqlScene& scene) {
  ColumnList<SharedAt> columns;
  columns
      .add(
          "site", "TEXT", "s-… id", [&scene](const SharedAt& at, SqlValue& out) { out.lasting_or_null(scene.site_id(at.site())); }, true)
      .add("site_name", "TEXT", "",
           [&scene](const SharedAt& at, SqlValue& out) { out.lasting_or_null(scene.text(Dimension::kSite, {.site = at.site()})); })
      .add(
          "region", "TEXT", "of its site",
          [&scene](const SharedAt& at, SqlValue& out) { out.lasting_or_null(scene.text(Dimension::kRegion, {.site = at.site()})); }, true)
      .add("kind", "TEXT", "file_system, or guest: a virtual machine that is counted in its host",
           [](const SharedAt& at, SqlValue& out) { out.lasting(at.thing != nullptr ? "file_system" : "guest"); })
      .add("source", "TEXT", "what is mounted; of a guest its n-… id",
           [](const SharedAt& at, SqlValue& out) {
             at.thing != nullptr ? out.lasting(at.thing->source) : out.text(to_text(at.guest->guest));
           })
      .add("type", "TEXT", "",
           [](const SharedAt& at, SqlValue& out) {
             at.thing != nullptr ? out.lasting_or_null(at.thing->type) : out.lasting("virtual_machine");
           })
      .add("host", "TEXT", "n-… id of the node that a guest is in",
           [](const SharedAt& at, SqlValue& out) { at.guest != nullptr ? out.text(to_text(at.guest->host)) : out.null(); })
      .add("size_bytes", "REAL", "", [](const SharedAt& at, SqlValue& out) { put_bytes(at, &SharedThing::size_mb, out); })
      .add("used_bytes", "REAL", "", [](const SharedAt& at, SqlValue& out) { put_bytes(at, &SharedThing::used_mb, out); })
      .add("size_mb", "INTEGER", "10^6 bytes",
           [](const SharedAt& at, SqlValue& out) { at.thing != nullptr ? out.count(at.thing->size_mb) : out.null(); })
      .add("used_mb", "INTEGER", "10^6 bytes",
           [](const SharedAt& at, SqlValue& out) { at.thing != nullptr ? out.count(at.thing->used_mb) : out.null(); })
      .add("reporters", "INTEGER", "nodes that told of it",
           [](const SharedAt& at, SqlValue& out) { out.whole(at.thing != nullptr ? at.thing->reporters : 2); })
      .add("age_ms", "INTEGER", "since it was told of", [&scene](const SharedAt& at, SqlValue& out) {
        if (at.thing == nullptr) return out.null();
        out.count(scene.now_boot_ms() - std::min(scene.now_boot_ms(), at.thing->told_boot_ms));
      });
  return std::make_unique<ListTable<SharedAt>>(columns.take(), [&scene] { return seen_things(scene); });
}

namespace {

/// A change as far as it lies within the scope: a place beyond it is none, and all that is told of the other is that the site changed.
struct EventAt {
  NodeChange change;
  bool from_beyond = false, to_beyond = false;
};

std::string what_changed(const EventAt& at) {
  if (at.from_beyond || at.to_beyond) return "site";
  const auto& [from, to] = std::pair{at.change.from, at.change.to};
  if (!from) return "joined";
  if (!to) return "removed";
  std::string what;
  const auto add = [&what](const char* word, bool differs) {
    if (differs) what += (what.empty() ? "" : ",") + std::string(word);
  };
  add("site", from->site != to->site);
  add("pool", from->pool != to->pool);
  add("hardware", from->hardware != to->hardware);
  add("liveness", from->liveness != to->liveness);
  add("service_state", from->service != to->service);
  add("verdict", from->verdict != to->verdict);
  return what;
}

void add_place(ColumnList<EventAt>& columns, const SqlScene& scene, const char* prefix, std::optional<CellKey> NodeChange::*side) {
  const auto add = [&](const char* name, auto put) {
    columns.add(prefix + std::string(name), "TEXT", "null: it was in no cell, or is beyond your scope",
                [&scene, side, put](const EventAt& at, SqlValue& out) {
                  const auto& key = at.change.*side;
                  key ? put(scene, *key, out) : out.null();
                });
  };
  using S = SqlScene;
  add("site", [](const S& at, const CellKey& key, SqlValue& out) { out.lasting_or_null(at.site_id(key.site)); });
  add("pool", [](const S& at, const CellKey& key, SqlValue& out) { out.lasting_or_null(at.pool_id(key.pool)); });
  add("hardware", [](const S& at, const CellKey& key, SqlValue& out) { out.lasting_or_null(at.hardware_id(key.hardware)); });
  add("liveness", [](const S&, const CellKey& key, SqlValue& out) { out.lasting(kLivenessNames[static_cast<std::size_t>(key.liveness)]); });
  add("service_state",
      [](const S&, const CellKey& key, SqlValue& out) { out.lasting(kServiceStateNames[static_cast<std::size_t>(key.service)]); });
  add("verdict", [](const S&, const CellKey& key, SqlValue& out) { out.lasting(kVerdictNames[static_cast<std::size_t>(key.verdict)]); });
}

std::vector<EventAt> events_of(const SqlScene& scene) {
  std::vector<EventAt> rows;
  if (!scene.view().changes) return rows;
  for (auto& change : scene.view().changes->after(0, SIZE_MAX)) {
    const auto sees = [&scene](const std::optional<CellKey>& key) { return key && scene.sees(key->site); };
    const bool from = sees(change.from), to = sees(change.to);
    if (!from && !to) continue;
    EventAt at{.change = change, .from_beyond = change.from && !from, .to_beyond = change.to && !to};
    if (at.from_beyond) at.change.from.reset();
    if (at.to_beyond) at.change.to.reset();
    rows.push_back(std::move(at));
  }
  return rows;
}

}  // namespace

std::unique_ptr<SqlTable> events_table(const SqlScene& scene) {
  ColumnList<EventAt> columns;
  columns.add("revision", "INTEGER", "of the map after it", [](const EventAt& at, SqlValue& out) { out.count(at.change.revision); })
      .add("at", "TEXT", "2026-11-22T21:00:00.000Z",
           [&scene](const EventAt& at, SqlValue& out) {
             const auto& view = scene.view();
             out.text(rfc3339_text(view.at_unix_ms - (view.at_boot_ms - std::min(view.at_boot_ms, at.change.at_boot_ms))));
           })
      .add(
          "node", "TEXT", "n-… id", [](const EventAt& at, SqlValue& out) { out.text(to_text(at.change.node)); }, true)
      .add("what", "TEXT", "joined, removed, or what differs, with commas between",
           [](const EventAt& at, SqlValue& out) { out.text_or_null(what_changed(at)); });
  add_place(columns, scene, "from_", &NodeChange::from);
  add_place(columns, scene, "to_", &NodeChange::to);
  return std::make_unique<ListTable<EventAt>>(columns.take(), [&scene] { return events_of(scene); });
}

}  // namespace capmap
