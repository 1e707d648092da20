#pragma once
#include <cstdint>
#include <vector>

#include "common/codec_keys.hpp"
#include "common/ids.hpp"
#include "controller/map/child.hpp"

namespace capmap {

/// What the store decided about keys and ingest has to keep to from now on. Ids are never given twice, so what is refused once stays so.
struct KeyOrders {
  std::vector<NodeId> refused{};  ///< removed, or their key revoked: no message of theirs is taken, their connections end
  std::vector<ControllerId> refused_children{};
  struct Answer {
    PeerRoute route;
    KeyNews news;
  };
  std::vector<Answer> answers{};  ///< to what nodes offered
  struct Taken {
    NodeId node;
    std::uint16_t generation = 0;
    bool child = false;  ///< the bytes of `node` are the id of a child controller
  };
  std::vector<Taken> taken{};    ///< their key from now on: connections under those of before end
  std::vector<NodeId> rotate{};  ///< are asked for another key when they speak next
  std::vector<ControllerId> rotate_children{};
  bool rotate_all = false;
};

}  // namespace capmap
