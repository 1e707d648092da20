#include "controller/history/past_names.hpp"

#include <utility>

#include "common/codec.hpp"
#include "controller/history/past_words.hpp"

namespace capmap {
namespace {

void put_words(std::vector<std::string>& words, std::uint32_t number, std::string text) {
  if (words.size() <= number) words.resize(number + std::size_t{1});
  words[number] = std::move(text);
}

}  // namespace

template <class Id, class Thing>
std::uint32_t PastNames::number_of(Table<Id, Thing>& table, const Id& id, bool& is_new) {
  const auto [at, inserted] = table.by_id.try_emplace(id, static_cast<std::uint32_t>(table.by_id.size() + 1));
  is_new = inserted;
  return at->second;
}

void PastNames::add_known_site(std::uint32_t number, const SiteId& id, std::string words) {
  sites_.by_id.emplace(id, number);
  put_words(sites_.words, number, std::move(words));
}

void PastNames::add_known_pool(std::uint32_t number, const PoolId& id, std::string words) {
  pools_.by_id.emplace(id, number);
  put_words(pools_.words, number, std::move(words));
}

void PastNames::add_known_hardware(std::uint32_t number, const ShapeId& id) {
  hardware_.by_id.emplace(id, number);
}

void PastNames::look(const MapView& view, std::uint64_t at_unix_ms) {
  if (view.dictionaries && view.dictionaries == dictionaries_) return;
  dictionaries_ = view.dictionaries;
  /// take(index, thing) for each that is another object than before.
  const auto each_new = [](auto& table, const auto& things, auto take) {
    table.looked.resize(things.size());
    table.numbers.resize(things.size());
    for (std::size_t i = 0; i < things.size(); ++i) {
      if (table.looked[i] == things[i]) continue;
      table.looked[i] = things[i];
      table.numbers[i] = things[i] ? take(*things[i]) : 0;
    }
  };
  bool is_new = false;
  each_new(sites_, view.sites, [&](const Site& site) {
    const auto number = number_of(sites_, site.id, is_new);
    if (is_new) added_.sites.push_back({number, site.id});
    auto words = site_words(site);
    if (is_new || sites_.words.size() <= number || sites_.words[number] != words) {
      added_.site_words.push_back({number, at_unix_ms, words});
      put_words(sites_.words, number, std::move(words));
    }
    return number;
  });
  each_new(pools_, view.pools, [&](const Pool& pool) {
    const auto number = number_of(pools_, pool.id, is_new);
    bool site_is_new = false;
    if (is_new) added_.pools.push_back({number, pool.id, number_of(sites_, pool.site, site_is_new)});
    if (site_is_new) added_.sites.push_back({added_.pools.back().site, pool.site});
    auto words = pool_words(pool);
    if (is_new || pools_.words.size() <= number || pools_.words[number] != words) {
      added_.pool_words.push_back({number, at_unix_ms, words});
      put_words(pools_.words, number, std::move(words));
    }
    return number;
  });
  each_new(hardware_, view.hardware, [&](const HardwareRow& row) {
    const auto number = number_of(hardware_, row.id, is_new);
    if (is_new) {
      const auto body = encode_shape_raw(row.shape);
      added_.hardware.push_back({number, row.id, std::string(reinterpret_cast<const char*>(body.data()), body.size())});
    }
    return number;
  });
}

}  // namespace capmap
