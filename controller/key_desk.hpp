#pragma once
#include <unordered_map>
#include <vector>

#include "controller/key_orders.hpp"
#include "controller/pipes.hpp"
#include "controller/store/store.hpp"
#include "controller/zap.hpp"

namespace capmap {

/// What comes of words about keys, once it is on the disk.
struct KeysDecided {
  std::vector<KeyUpdate> updates;  ///< for zap, before ingest answers
  KeyOrders orders;                ///< for ingest
  struct Changed {
    std::string id, name;
  };
  std::vector<Changed> changed;  ///< have another key now
};

/// How nodes and child controllers change their keys. A node offers the next one over the link that its key let in; it is kept, and only
/// then is the node told: it may come with either. With its first message under the next key that is its key, and the one before is
/// forgotten. The store thread's.
class KeyDesk {
 public:
  /// Inside a change that the caller has begun. Errors: the store's; a refusal is an answer.
  Result<KeysDecided> decide(Store& store, const std::vector<KeyWord>& words, std::uint64_t now_unix_ms);
  /// The change is on the disk.
  void kept(const KeysDecided& decided);

 private:
  struct Owner {
    std::string public_key;  ///< empty: there is no such node or child controller
    std::string id, name;
  };
  static Result<Owner> owner_of(Store& store, const KeyWord& word);
  static Result<Done> give(Store& store, const KeyWord& word, const std::string& key);
  Result<Done> offer(Store& store, const KeyWord& word, KeysDecided& decided);
  Result<Done> use(Store& store, const KeyWord& word, std::uint64_t now_unix_ms, KeysDecided& decided);
  [[nodiscard]] std::uint16_t generation_of(const NodeId& node) const;

  std::unordered_map<NodeId, std::uint16_t, IdHash> generations_;  ///< of the keys taken since the start; others are 0
};

}  // namespace capmap
