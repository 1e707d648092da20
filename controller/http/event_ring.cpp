#include "controller/http/event_ring.hpp"

#include <charconv>
#include <string_view>
#include <utility>

#include "controller/http/json.hpp"

namespace capmap {
namespace {

bool whole_number(std::string_view digits, std::uint64_t& number, int base) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  return error == std::errc() && end == digits.data() + digits.size() && !digits.empty();
}

}  // namespace

std::string to_text(const EventId& id) {
  return hex_text(id.epoch) + "-" + std::to_string(id.number);
}

Result<EventId> parse_event_id(const char* name, const std::string& text) {
  EventId id;
  const std::string_view all = text;
  const auto dash = all.find('-');
  if (dash == std::string::npos || !whole_number(all.substr(0, dash), id.epoch, 16) || !whole_number(all.substr(dash + 1), id.number, 10)) {
    return Error{ErrorCode::kMalformed, std::string(name) + ": must be the id of an event"};
  }
  return id;
}

std::string event_frame(const std::string& id, const char* word, const std::string& data) {
  return "id: " + id + "\nevent: " + word + "\ndata: " + data + "\n\n";
}

std::size_t EventRing::Kept::bytes() const {
  return event.whole.size() + event.of_from.size() + event.of_to.size();
}

void EventRing::add(LiveEvent event) {
  const auto id = to_text(id_of(++newest_));
  const char* const word = event.word != nullptr ? event.word : to_word(event.kind);
  for (auto* text : {&event.whole, &event.of_from, &event.of_to}) {
    if (!text->empty()) *text = event_frame(id, word, *text);
  }
  kept_.push_back({.event = std::move(event), .number = newest_});
  bytes_ += kept_.back().bytes();
  while (kept_.size() > kMost || bytes_ > kMostBytes) {
    bytes_ -= kept_.front().bytes();
    kept_.pop_front();
  }
}

void EventRing::break_off() {
  ++newest_;
  kept_.clear();
  bytes_ = 0;
}

}  // namespace capmap
