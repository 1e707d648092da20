#include "controller/map/shared_things.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "tests/support/seed.hpp"

using namespace capmap;

namespace {

using Mounted = std::pair<std::uint32_t, std::string>;

/// What each node said last, and of each thing what was said last with a size since somebody mounted it.
struct Naive {
  std::map<RowIndex, std::vector<Mounted>> mounts;
  struct Said {
    std::optional<std::uint64_t> size, used;
    std::uint64_t told_ms = 0;
    RowIndex by = 0;
  };
  std::map<Mounted, Said> sizes;

  void report(RowIndex row, std::uint32_t site, const std::vector<SharedFileSystem>& mounted, std::uint64_t now_ms) {
    const auto before = mounts[row];
    auto& of_row = mounts[row];
    of_row.clear();
    for (const auto& system : mounted) {
      const Mounted place{site, system.source};
      of_row.push_back(place);
      auto& size = sizes[place];
      if (system.size_mb) {
        size.size = system.size_mb;
        size.used = system.used_mb;
        size.by = row;
      }
      size.told_ms = now_ms;
    }
    for (const auto& place : before) {  // who goes takes its word along
      if (std::ranges::count(of_row, place) == 0 && sizes[place].by == row) sizes[place].size = sizes[place].used = std::nullopt;
    }
    forget_unmounted();
  }
  void move(RowIndex row, std::uint32_t site) {
    for (auto& place : mounts[row]) {
      if (place.first == site) continue;
      auto& old = sizes[place];
      auto& size = sizes[{site, place.second}];
      size.told_ms = std::max(size.told_ms, old.told_ms);
      if (old.by == row && old.size) {
        size.size = old.size;
        size.used = old.used;
        size.by = row;
      }
      if (old.by == row) old.size = old.used = std::nullopt;
      place.first = site;
    }
    forget_unmounted();
  }
  void forget_unmounted() {
    std::erase_if(sizes, [this](const auto& entry) {
      return std::ranges::none_of(mounts, [&](const auto& node) { return std::ranges::count(node.second, entry.first) > 0; });
    });
  }
};

}  // namespace

TEST_CASE("shared things: after any reports, moves and leavings each is there once, with its reporters and its newest size") {
  std::mt19937_64 random(run_seed());
  const auto roll = [&random](std::uint64_t below) { return random() % below; };
  SharedThings shared;
  Naive naive;
  std::uint64_t now_ms = 1'000;
  for (int step = 0; step < 4'000; ++step) {
    now_ms += roll(3'000);
    const auto row = static_cast<RowIndex>(roll(30));
    if (roll(6) == 0) {
      const auto site = static_cast<std::uint32_t>(1 + roll(4));
      shared.move(row, site);
      naive.move(row, site);
    } else if (roll(8) == 0) {
      shared.leave(row);
      naive.report(row, 0, {}, now_ms);
    } else {
      std::vector<SharedFileSystem> mounted;
      for (const char* source : {"a:/x", "b:/y", "c:/z"}) {
        if (roll(3) == 0) continue;
        auto& system = mounted.emplace_back();
        system.source = source;
        system.type = "nfs4";
        if (roll(4) != 0) system.size_mb = roll(1'000'000);
        if (system.size_mb && roll(4) != 0) system.used_mb = roll(*system.size_mb + 1);
      }
      const auto site = static_cast<std::uint32_t>(1 + roll(4));
      shared.report(row, site, mounted, now_ms);
      naive.report(row, site, mounted, now_ms);
    }
    now_ms += 1'000;
    const auto table = shared.publish(now_ms);
    REQUIRE(table->things.size() == naive.sizes.size());
    std::map<std::uint32_t, SharedSum> sums;
    for (const auto& thing : table->things) sums[thing->site].add(*thing);
    for (const auto& [site, sum] : sums) {
      CHECK(table->sites[site].size_mb == sum.size_mb);
      CHECK(table->sites[site].used_mb == sum.used_mb);
      CHECK(table->sites[site].things == sum.things);
      CHECK(table->sites[site].unknown_use == sum.unknown_use);
    }
    for (const auto& thing : table->things) {
      const Mounted place{thing->site, thing->source};
      REQUIRE(naive.sizes.contains(place));
      CHECK(thing->size_mb == naive.sizes[place].size);
      CHECK(thing->used_mb == naive.sizes[place].used);
      CHECK(thing->told_boot_ms == naive.sizes[place].told_ms);
      std::uint32_t reporters = 0;
      for (const auto& [node, places] : naive.mounts) reporters += static_cast<std::uint32_t>(std::ranges::count(places, place));
      CHECK(thing->reporters == reporters);
    }
  }
}
