#include "controller/alerts.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "common/time_text.hpp"
#include "common/utf8.hpp"
#include "controller/map/site_liveness.hpp"

namespace capmap {
namespace {

constexpr std::size_t kChangesALook = 8'192;

std::string quoted(const std::string& text) {
  const bool utf8 = is_printable_utf8(text);  // names come from outside and need not be
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (!utf8 && (byte < 0x20 || byte >= 0x7f)) {
      out += '?';
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string site_name(const MapView& view, std::uint32_t site) {
  const Site* const known = site < view.sites.size() ? view.sites[site].get() : nullptr;
  if (known == nullptr) return "a site without a name";
  return known->name.empty() ? to_text(known->id) : known->name;
}

/// Every alert comes to be here: when it was, and which of this start.
void add(std::vector<Alert>& found, Alert alert, std::uint64_t now_unix_ms, std::uint64_t& count) {
  alert.at_unix_ms = now_unix_ms;
  alert.number = ++count;
  found.push_back(std::move(alert));
}

}  // namespace

void AlertWatch::tell(std::vector<Alert>& found, Alert::Kind kind, const std::string& key, const std::string& subject, std::uint32_t site,
                      bool firing, const std::string& text) {
  if (firing == firing_.contains(key)) return;
  if (firing) firing_.emplace(key, site);
  if (!firing) firing_.erase(key);
  add(found, {.kind = kind, .firing = firing, .key = key, .subject = subject, .site = site, .text = text}, now_unix_ms_, count_);
}

std::vector<Alert> AlertWatch::look(const MapView& view, const StoreHealth* store, std::uint64_t now_unix_ms) {
  std::vector<Alert> found;
  now_unix_ms_ = now_unix_ms;
  look_at_store(store, found);
  look_at_doubles(view, found);  // their list may be newer than the last change
  const bool same = revision_ == view.revision;
  if (!same) look_at_clones(view, found);
  if (!same && view.changes && revision_) look_at_verdicts(view, found);
  if (!same || !dark_.empty()) look_at_sites(view, found);
  revision_ = view.revision;
  return found;
}

void AlertWatch::look_at_clones(const MapView& view, std::vector<Alert>& found) {
  std::set<std::string> held;
  for (const auto& clone : view.clones ? *view.clones : std::vector<Clone>()) {
    const auto id = to_text(clone.node);
    const auto key = "clone:" + id;
    held.insert(key);
    if (clone.since_unix_ms < started_unix_ms_) {
      firing_.emplace(key, clone.site);
      continue;
    }
    std::string names;
    for (const auto& run : clone.runs) names += (names.empty() ? "" : ", ") + (run.hostname.empty() ? "no name" : run.hostname);
    tell(found, Alert::Kind::kClone, key, id, clone.site, true,
         "the key of " + id + " at " + site_name(view, clone.site) + " speaks from two places (" + names +
             "): none of them is counted; capmapctl nodes clones settle");
  }
  std::vector<std::pair<std::string, std::uint32_t>> over;
  for (const auto& [key, site] : firing_) {
    if (key.starts_with("clone:") && !held.contains(key)) over.emplace_back(key, site);
  }
  for (const auto& [key, site] : over) {
    tell(found, Alert::Kind::kClone, key, key.substr(6), site, false, "the clone of " + key.substr(6) + " is settled");
  }
}

void AlertWatch::look_at_doubles(const MapView& view, std::vector<Alert>& found) {
  if (view.doubles == std::exchange(seen_doubles_, view.doubles)) return;
  constexpr const char* kKey = "double:";
  std::set<std::string> suspected;
  std::vector<const Double*> fresh;
  for (const auto& pair : view.doubles ? std::span<const Double>(view.doubles->pairs) : std::span<const Double>()) {
    if (pair.state != DoubleState::kSuspected) continue;
    const auto key = to_text(pair.node.node) + ":" + to_text(pair.other.node);
    suspected.insert(key);
    const bool worked_on = pair.node.service == ServiceState::kMaintenance || pair.other.service == ServiceState::kMaintenance;
    if (doubles_.contains(key) || worked_on) continue;
    const bool is_new = pair.since_unix_ms >= started_unix_ms_;
    doubles_.emplace(key, is_new);
    if (is_new) fresh.push_back(&pair);
  }
  const auto say = [&](bool firing, const std::string& key, const std::string& subject, const std::string& text) {
    add(found, {.kind = Alert::Kind::kDouble, .firing = firing, .key = key, .subject = subject, .text = text}, now_unix_ms_, count_);
  };
  const bool all_seen = !view.doubles || view.doubles->complete;
  for (auto it = doubles_.begin(); it != doubles_.end();) {
    if (!all_seen || suspected.contains(it->first)) {
      ++it;
      continue;
    }
    const auto node = it->first.substr(0, it->first.find(':'));
    if (it->second) say(false, kKey + it->first, node, "whether " + node + " is another node too is settled, or not asked any more");
    it = doubles_.erase(it);
  }
  if (fresh.size() > kMostDoubles) {
    for (const auto* pair : fresh) doubles_[to_text(pair->node.node) + ":" + to_text(pair->other.node)] = false;
    return say(true, "doubles", "",
               std::to_string(fresh.size()) + " pairs of nodes say that they are one machine each: capmapctl nodes doubles lists them");
  }
  for (const auto* pair : fresh) {
    const auto side = [&view](const Double::Side& one) {
      return to_text(one.node) + " (" + (one.hostname.empty() ? "no name" : one.hostname) + ", " + site_name(view, one.site) + ")";
    };
    const auto id = to_text(pair->node.node);
    say(true, kKey + id + ":" + to_text(pair->other.node), id,
        side(pair->node) + " and " + side(pair->other) +
            " say that they are one machine, and both count: capmapctl nodes doubles, then nodes doubles confirm or dismiss");
  }
}

void AlertWatch::look_at_verdicts(const MapView& view, std::vector<Alert>& found) {
  std::erase_if(contradicted_, [this](const auto& told) { return now_unix_ms_ >= told.second + kQuietMs; });
  std::vector<NodeChange> fresh;
  for (const auto& change : view.changes->after(*revision_, kChangesALook)) {
    const bool is_new =
        change.to && change.to->verdict == Verdict::kContradicted && (!change.from || change.from->verdict != Verdict::kContradicted);
    if (!is_new || change.to->service == ServiceState::kMaintenance || change.to->service == ServiceState::kRetired) continue;
    if (firing_.contains("clone:" + to_text(change.node)) || contradicted_.size() >= kMostKept) continue;
    if (contradicted_.emplace(change.node, now_unix_ms_).second) fresh.push_back(change);
  }
  const auto say = [&](const std::string& key, const std::string& subject, std::uint32_t site, const std::string& text) {
    add(found, {.kind = Alert::Kind::kContradiction, .key = key, .subject = subject, .site = site, .text = text}, now_unix_ms_, count_);
  };
  if (fresh.size() > kMostContradictions) {
    return say("contradictions", "", 0,
               std::to_string(fresh.size()) + " nodes cannot be what they say: capmapctl contradictions tells why");
  }
  for (const auto& change : fresh) {
    const auto id = to_text(change.node);
    say("contradiction:" + id, id, change.to->site,
        "node " + id + " at " + site_name(view, change.to->site) + " cannot be what it says: capmapctl nodes show " + id + " tells why");
  }
}

void AlertWatch::look_at_sites(const MapView& view, std::vector<Alert>& found) {
  const auto sites = liveness_by_site(view);
  for (std::uint32_t site = 1; site < sites.size(); ++site) {
    if (!view.sites[site]) continue;
    if (sites[site].alive > 0) lit_sites_.insert(site);
    const auto id = to_text(view.sites[site]->id);
    const bool is_dark = sites[site].dark() && lit_sites_.contains(site);
    if (!is_dark) dark_.erase(site);
    const bool dark = is_dark && view.at_boot_ms >= dark_.try_emplace(site, view.at_boot_ms).first->second + kDarkMs;
    tell(found, Alert::Kind::kSiteDark, "site_dark:" + id, id, site, dark,
         dark ? "site " + site_name(view, site) + ": all " + std::to_string(sites[site].lost) + " nodes are lost"
              : "site " + site_name(view, site) + ": nodes are heard again, or gone for good");
  }
}

void AlertWatch::look_at_store(const StoreHealth* store, std::vector<Alert>& found) {
  const std::string problem = store == nullptr ? std::string() : store->problem;
  const bool full = problem.find("full") != std::string::npos || problem.find("No space") != std::string::npos;
  tell(found, Alert::Kind::kDiskFull, "disk_full", "", 0, full,
       full ? "the controller's disk is full: " + problem : "the controller's disk has room again");
  const bool failing = !problem.empty() && !full;
  tell(found, Alert::Kind::kStoreProblem, "store_problem", "", 0, failing,
       failing ? "the controller cannot keep changes: " + problem : "the controller keeps changes again");
}

std::string alert_json(const Alert& alert, const std::string& controller_id, const std::string& started_epoch) {
  return "{\"schema\":1,\"id\":" + quoted(started_epoch + "-" + std::to_string(alert.number)) +
         ",\"kind\":" + quoted(kAlertWords[static_cast<std::size_t>(alert.kind)]) +
         ",\"state\":" + (alert.firing ? "\"firing\"" : "\"resolved\"") + ",\"key\":" + quoted(alert.key) +
         ",\"at\":" + quoted(rfc3339_text(alert.at_unix_ms)) + ",\"controller\":" + quoted(controller_id) +
         ",\"subject\":" + (alert.subject.empty() ? "null" : quoted(alert.subject)) + ",\"text\":" + quoted(alert.text) + "}";
}

std::string alert_signature(const std::string& secret, std::uint64_t timestamp_s, const std::string& body) {
  const std::string signed_text = std::to_string(timestamp_s) + "." + body;
  crypto_auth_hmacsha256_state state;
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(signed_text.data()), signed_text.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  std::array<char, 2 * mac.size() + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), mac.data(), mac.size());
  return std::string("v1=") + hex.data();
}

void AlertQueue::push(std::string id, std::string body, std::uint64_t now_ms) {
  if (waiting_.size() >= kMost) {
    waiting_.pop_front();
    ++counts_.dropped;
  }
  waiting_.push_back({.id = std::move(id), .body = std::move(body), .since_ms = now_ms});
}

const AlertQueue::Waiting* AlertQueue::due(std::uint64_t now_ms) const {
  return waiting_.empty() || now_ms < next_ms_ ? nullptr : &waiting_.front();
}

void AlertQueue::answered(std::uint32_t status, std::uint64_t now_ms) {
  if (waiting_.empty()) return;
  const bool good = status >= 200 && status < 300;
  const bool again = status == 0 || status == 408 || status == 429 || status >= 500;
  if (again && now_ms < waiting_.front().since_ms + kGiveUpMs) {
    pause_ms_ = std::clamp(pause_ms_ * 2, kFirstPauseMs, kMostPauseMs);
    next_ms_ = now_ms + pause_ms_;
    ++counts_.retries;
    return;
  }
  ++(good ? counts_.delivered : counts_.given_up);
  waiting_.pop_front();
  pause_ms_ = next_ms_ = 0;
}

}  // namespace capmap
