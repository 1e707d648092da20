// The store answers as plain maps would, whatever is put, noted, rolled back, and however often it is opened again.
#include <catch2/catch.hpp>
#include <iostream>
#include <map>
#include <random>

#include "tests/support/program.hpp"
#include "tests/support/store_records.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

struct Model {
  std::map<SiteId, Site> sites;
  std::map<NodeId, StoredNode> nodes;
  std::map<std::string, TokenRecord> tokens;
  std::map<ShapeId, EncodedShape> shapes;
};

class Walk {
 public:
  explicit Walk(unsigned seed) : random_(seed) { open(); }

  void step() {
    switch (draw(12)) {
      case 0: open(); break;
      case 1: put(model_, true); break;
      case 2: roll_back(); break;
      case 3:
      case 4:
      case 5: note(); break;
      default: put(model_, false); break;
    }
  }

  void compare() {
    std::map<SiteId, Site> sites;
    const auto read_sites = store_->sites();
    REQUIRE(read_sites);
    for (const auto& site : *read_sites) sites[site.id] = site;
    CHECK(sites == model_.sites);
    std::vector<StoredNode> nodes;
    for (const auto& [id, node] : model_.nodes) nodes.push_back(node);
    CHECK(nodes_of(*store_) == nodes);
    for (const auto& [hash, token] : model_.tokens) CHECK(*store_->find_token(hash) == token);
    const auto facts = store_->facts();
    REQUIRE(facts);
    CHECK(facts->tokens == model_.tokens.size());
    CHECK(facts->shapes == model_.shapes.size());
  }

 private:
  std::size_t draw(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_); }

  void open() {
    store_.reset();
    auto store = open_store(folder_.path(), NoStore::kCreate);
    REQUIRE(store);
    store_ = std::move(*store);
  }

  /// A few puts, each its own change or all one.
  void put(Model& into, bool grouped) {
    if (grouped) REQUIRE(store_->begin());
    for (std::size_t i = 0; i <= draw(4); ++i) put_one(into);
    if (grouped) REQUIRE(store_->commit());
  }
  void put_one(Model& into) {
    const auto which = draw(3);
    if (which == 0) {
      Site site = some_site("site " + std::to_string(names_++));
      if (draw(2) == 0 && !into.sites.empty()) site.id = std::next(into.sites.begin(), static_cast<long>(draw(into.sites.size())))->first;
      if (draw(2) == 0) site.security_level.reset();
      REQUIRE(store_->put_site(site));
      into.sites[site.id] = site;
    } else if (which == 1) {
      KnownNode node = some_node(random_id<SiteId>());
      if (draw(2) == 0 && !into.nodes.empty()) node.id = std::next(into.nodes.begin(), static_cast<long>(draw(into.nodes.size())))->first;
      node.hostname = std::string(draw(80), static_cast<char>('a' + draw(26))) + (draw(4) == 0 ? "'\"\xff;--" : "");
      REQUIRE(store_->put_node(node));
      into.nodes[node.id].node = node;
    } else {
      TokenRecord token = some_token(random_id<SiteId>());
      token.secret_hash = std::to_string(draw(20));
      token.uses_left = static_cast<std::uint32_t>(random_());
      REQUIRE(store_->put_token(token));
      into.tokens[token.secret_hash] = token;
    }
  }
  void roll_back() {
    Model never = model_;
    REQUIRE(store_->begin());
    put_one(never);
    put_one(never);
    store_->roll_back();
  }
  void note() {
    std::vector<NodeNote> notes;
    for (std::size_t i = 0; i < draw(6); ++i) {
      time_ms_ += draw(3'000'000);
      NodeNote note{.node = random_id<NodeId>(), .seen_unix_ms = time_ms_, .shape = {}, .bytes = {}};
      if (!model_.nodes.empty() && draw(8) != 0) {
        note.node = std::next(model_.nodes.begin(), static_cast<long>(draw(model_.nodes.size())))->first;
      }
      const auto shape = some_shape(static_cast<std::uint8_t>(draw(9)));
      if (draw(2) == 0) note.shape = shape.id;
      if (note.shape && draw(2) == 0) note.bytes = shape;
      if (draw(3) == 0) note.machine.uuid = std::uint64_t{random_()} << 32U | random_();
      if (draw(3) == 0) note.machine.ports = draw(9);
      expect(note);
      notes.push_back(note);
    }
    REQUIRE(store_->note(notes));
  }
  void expect(const NodeNote& note) {
    if (note.bytes) model_.shapes[note.bytes->id] = *note.bytes;
    const auto at = model_.nodes.find(note.node);
    if (at == model_.nodes.end()) return;
    auto& node = at->second;
    if (note.machine.any()) node.machine = note.machine;
    std::optional<ShapeId> shape = node.shape;
    if (note.shape) shape = model_.shapes.contains(*note.shape) ? note.shape : std::nullopt;
    const bool old = !node.last_seen_unix_ms || *node.last_seen_unix_ms + 1'800'000 < note.seen_unix_ms;
    if (old || shape != node.shape) node.last_seen_unix_ms = note.seen_unix_ms;
    node.shape = shape;
  }

  TemporaryFolder folder_;
  std::mt19937 random_;
  std::unique_ptr<Store> store_;
  Model model_;
  std::uint64_t time_ms_ = 0;
  int names_ = 0;
};

}  // namespace

TEST_CASE("store law: it holds what plain maps hold after random changes, notes, roll-backs and openings") {
  const auto seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  Walk walk(seed);
  for (int i = 0; i < 400; ++i) {
    walk.step();
    if (i % 20 == 19) walk.compare();
  }
}
