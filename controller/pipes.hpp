#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "common/codec_keys.hpp"
#include "common/labels.hpp"
#include "controller/import_request.hpp"
#include "controller/map/hardware_row.hpp"
#include "controller/map/reports.hpp"
#include "controller/map/site.hpp"
#include "controller/requests.hpp"
#include "controller/store/store.hpp"

namespace capmap {

/// The internal pipes of the controller: who sends what to whom. Objects travel by ownership (common/transport.hpp, send_object); an
/// empty message means stop. The pipes to http stand in controller/requests.hpp.

inline constexpr const char* kMapPipe = "inproc://map";               ///< MapInput: from ingest and store to the map thread
inline constexpr const char* kMapQueryPipe = "inproc://map_queries";  ///< NodeQuery: from http to the map thread
inline constexpr const char* kIngestPipe = "inproc://ingest";         ///< AckBatch: from the map thread and store to ingest; stop from main
inline constexpr const char* kKeysPipe = "inproc://keys";             ///< KeyUpdate: from store to zap; stop from main
inline constexpr const char* kStorePipe = "inproc://store";           ///< JoinRequest: from enrol to the store thread
inline constexpr const char* kEnrolPipe = "inproc://enrol";           ///< JoinDecision: from store to enrol; stop from main
inline constexpr const char* kAdminPipe = "inproc://admin";           ///< AdminRequest: from http to store; stop from main
inline constexpr const char* kNotesPipe = "inproc://notes";           ///< NoteBatch: from the map thread to store, which may drop it
inline constexpr const char* kHistoryPipe = "inproc://history";       ///< HistoryRequest: from http to the history thread; stop from main
inline constexpr const char* kPasswordPipe = "inproc://passwords";    ///< PasswordJob: from http to the password worker; stop from main
/// SqlJob: from http to each of the workers; stop from main. And what the map thread answers each.
inline constexpr std::array kSqlPipes = {"inproc://sql.0", "inproc://sql.1"};
inline constexpr std::array kSqlRowsPipes = {"inproc://sql_rows.0", "inproc://sql_rows.1"};
static_assert(kSqlPipes.size() == kSqlWorkers && kSqlRowsPipes.size() == kSqlWorkers);
inline constexpr const char* kHttpPipe =
    "inproc://http";  ///< HttpInput: from map, store, history and alerts to http; stop from the map thread
inline constexpr const char* kConnectionsPipe = "inproc://connections";  ///< libzmq's own events: from ingest's ROUTER to zap
inline constexpr const char* kKeyWordsPipe = "inproc://key_words";       ///< KeyWord: from ingest to store, which may be behind
inline constexpr int kNotesHighWater = 8;                                ///< batches that wait for a slow disk, at each end

/// A node or child controller speaks of its keys: it offers another one, or says something under the one it offered.
struct KeyWord {
  NodeId node;
  PeerRoute route;               ///< for the answer
  std::uint16_t generation = 0;  ///< of the key it said it with
  std::optional<KeyOffer> offer{};
  bool child = false;  ///< the bytes of `node` are the id of a child controller
};
/// A node was let in, moved to another pool or has another key (durable already); it may report from now on.
struct NodeAdmitted {
  KnownNode node;
};
/// A child controller was let in (durable already) and may speak for its sites from now on.
struct ChildAdmitted {
  KnownChild child;
};
/// A site was added or changed (durable already).
struct SiteChanged {
  Site site;
};
/// Sites, pools, owners and links that came together (durable already); they show together too.
struct RecordsImported {
  std::shared_ptr<const ImportOutcome> outcome;
};
/// What the map noted of the nodes it heard; written lazily.
struct NoteBatch {
  std::vector<NodeNote> notes;
  std::vector<Clone> clones{};  ///< all that are held out of totals; told again and again until an admin settles them
};
/// The same of a pool.
struct PoolChanged {
  Pool pool;
};
/// A node was given another service state, for a time or for good (durable already).
struct ServiceChanged {
  NodeId node;
  ServiceOrder order;
};
/// The same of a whole site, or of a pool.
struct GroupServiceChanged {
  SiteId site;
  std::optional<PoolId> pool;
  ServiceOrder order;
};
/// An admin's labels of a node, all of them (durable already).
struct LabelsChanged {
  NodeId node;
  std::vector<Label> labels;
};
/// A node was removed (durable already).
struct NodeLeft {
  NodeId node;
};
/// An admin has settled which run of a cloned key is the node (durable already).
struct CloneKept {
  NodeId node;
  std::uint64_t run = 0;
};
/// An admin has said of two nodes whether they are one machine (durable already).
struct DoubleKept {
  SettledDouble settled;
};
/// Another code list of regions is in force (durable already).
struct RegionsChanged {
  RegionList list;
};
/// Another chip table is in force (its own rows are durable already), with what was rated by it.
struct ChipsInForce {
  std::shared_ptr<const ChipTable> chips;
  std::shared_ptr<const RatedHardware> rated;  ///< never null
};
/// The answer to a change that came before it on this pipe: the map thread hands it to http with the first view that shows the change, so
/// that who was answered finds it.
struct AnswerWhenShown {
  std::unique_ptr<HttpInput> answer;
};
using MapInput =
    std::variant<ReportBatch, NodeAdmitted, SiteChanged, ChildBatch, ChildAdmitted, PoolChanged, ServiceChanged, NodeLeft, RegionsChanged,
                 RecordsImported, CloneKept, DoubleKept, ChipsInForce, GroupServiceChanged, LabelsChanged, AnswerWhenShown>;

}  // namespace capmap
