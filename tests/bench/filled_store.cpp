// A state folder with so many known nodes in its store, each with its shape and when it was seen: what a controller finds at its start.
//   capmap_bench_store FOLDER NODES     the folder is one that `capmapctl init` made
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "controller/store/store.hpp"
#include "tests/support/map_agent.hpp"

namespace {

using namespace capmap;
using namespace capmap::test;

constexpr std::uint32_t kSites = 20'000, kKinds = 3'000, kPerChange = 50'000, kDivisions = 34;
constexpr std::uint64_t kUnixMs = 1'790'000'000'000;

/// As a key looks: 40 characters of Z85.
std::string key_of(std::uint32_t number) {
  std::string key(40, '0');
  constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-";
  for (std::size_t i = 0; number > 0; ++i, number /= 64) key[i] = kLetters[number % 64];
  return key;
}

Result<Done> fill(Store& store, std::uint32_t nodes) {
  auto done = store.begin();
  for (std::uint32_t i = 0; done && i < kSites; ++i) {
    Site site;
    site.id = numbered_id<SiteId>(i);
    site.name = "site-" + std::to_string(i);
    site.region = std::to_string(11 + i % kDivisions);
    done = store.put_site(site);
  }
  if (done) done = store.commit();
  for (std::uint32_t first = 0; done && first < nodes; first += kPerChange) {
    done = store.begin();
    std::vector<NodeNote> notes;
    for (std::uint32_t i = first; done && i < std::min(nodes, first + kPerChange); ++i) {
      KnownNode node;
      node.id = numbered_id<NodeId>(i);
      node.public_key = key_of(i);
      node.site = numbered_id<SiteId>(i % kSites);
      node.hostname = "node-" + std::to_string(i) + ".example";
      node.joined_unix_ms = kUnixMs;
      done = store.put_node(node);
      const auto shape = pack_shape(server_shape(8 + i % kKinds, 64 + i % kKinds, i % 5 == 0 ? 8 : 0));
      notes.push_back({.node = node.id, .seen_unix_ms = kUnixMs, .shape = shape.id, .bytes = {}});
      if (i < kKinds * 5) notes.back().bytes = shape;
    }
    if (done) done = store.commit();
    if (done) done = store.note(notes);
    std::fprintf(stderr, "\r%u nodes", std::min(nodes, first + kPerChange));
  }
  std::fputs("\n", stderr);
  return done;
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) return std::fputs("usage: capmap_bench_store FOLDER NODES\n", stderr) < 0 ? 1 : 2;
  auto store = open_store(words[1], NoStore::kRefuse);
  const auto done = store ? fill(**store, static_cast<std::uint32_t>(std::strtoul(words[2], nullptr, 10))) : Result<Done>(store.error());
  if (!done) return std::fprintf(stderr, "capmap_bench_store: %s\n", done.error().what.c_str()) < 0 ? 1 : 1;
  return 0;
}
