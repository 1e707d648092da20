#pragma once
#include <memory>
#include <zmq.hpp>

#include "common/clock.hpp"
#include "common/published.hpp"
#include "common/result.hpp"
#include "controller/admission.hpp"
#include "controller/metrics.hpp"
#include "controller/server_key_desk.hpp"
#include "controller/store/store.hpp"
#include "controller/store_health.hpp"

namespace capmap {

/// The store thread: the one that touches the database. Takes joins (kStorePipe) and the admin's requests (kAdminPipe), keeps all that
/// wait as one change, and only then answers and tells zap and map. Writes what the map notes (kNotesPipe) between them; nobody waits
/// for that. While the disk is full or may not be written everything is refused with the reason and tried again; once the file is
/// damaged nothing is written any more. `access`: gets who may ask for what, whenever that changes.
/// `server_keys`: leads changes of the server's own key; null: it never changes. Ends with Done on stop (kAdminPipe).
Result<Done> run_store(zmq::context_t& context, const TokenMaking& making, std::unique_ptr<Store> store, const Clock& clock,
                       Published<StoreHealth>& health, Published<Metrics>& metrics, Published<AccessTable>* access = nullptr,
                       ServerKeyDesk* server_keys = nullptr);

}  // namespace capmap
