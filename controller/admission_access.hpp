#pragma once
#include "controller/admission.hpp"

namespace capmap {

/// A request for whoever asks: refused where it reaches beyond their scope, else carried out in their name.
Result<Change> carry_out_for(Store& store, const AdminRequest& request, const TokenMaking& making, std::uint64_t now_unix_ms);

Result<Change> carry_out(Store& store, const PutUser& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const RemoveUser& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const MakeApiToken& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const RevokeApiToken& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const NoteAudit& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const NoteUses& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const AskAudit& request, const TokenMaking& making, std::uint64_t now_unix_ms);
Result<Change> carry_out(Store& store, const CheckAudit& request, const TokenMaking& making, std::uint64_t now_unix_ms);

/// True where who may ask for what has changed.
bool changes_access(const AdminChange& change);

}  // namespace capmap
