#include "agent/shape_probe.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <span>

#include "agent/probe_frames.hpp"
#include "common/codec.hpp"

namespace capmap {

std::uint64_t ShapeProbe::due_ms() const {
  if (!child_) return due_ms_;
  return overdue_ ? UINT64_MAX : started_ms_ + options_.deadline_ms;
}

std::optional<ShapeFacts> ShapeProbe::step(std::uint64_t now_ms) {
  if (!child_ && now_ms >= due_ms_) start(now_ms);
  if (!child_) return std::nullopt;
  if (const auto end = child_->poll()) {
    child_.reset();
    return take(*end, now_ms);
  }
  if (!overdue_ && now_ms >= started_ms_ + options_.deadline_ms) {
    overdue_ = true;
    ++stuck_;
    problem_ = "capmap-probe has not answered within " + std::to_string(options_.deadline_ms / 1'000) +
               " s; stuck runs so far: " + std::to_string(stuck_);
  }
  return std::nullopt;
}

void ShapeProbe::start(std::uint64_t now_ms) {
  started_ms_ = now_ms;
  overdue_ = false;
  due_ms_ = UINT64_MAX;
  auto child = ProbeChild::start(options_.program, options_.arguments);
  if (!child) return fail(now_ms, child.error().what);
  child_.emplace(std::move(*child));
}

void ShapeProbe::fail(std::uint64_t now_ms, std::string why) {
  problem_ = std::move(why);
  backoff_ms_ = std::min(std::max(backoff_ms_ * 2, options_.retry_ms), options_.retry_max_ms);
  due_ms_ = std::min(due_ms_, now_ms + backoff_ms_);
}

std::optional<ShapeFacts> ShapeProbe::take(const ChildEnd& end, std::uint64_t now_ms) {
  if (end.exit_code != 0) {
    fail(now_ms, "capmap-probe ended with code " + std::to_string(end.exit_code) + "; its reason is in this machine's log");
    return std::nullopt;
  }
  auto facts = read_probe_frames(std::as_bytes(std::span(end.output)));
  if (!facts || end.cut) {
    fail(now_ms, facts ? "capmap-probe wrote too much" : facts.error().what);
    return std::nullopt;
  }
  problem_.clear();
  backoff_ms_ = 0;
  due_ms_ = std::min(due_ms_, now_ms + options_.every_ms);  // earlier when asked for meanwhile
  return std::move(*facts);
}

ShapeFacts facts_without_shape(const std::string& problem) {
  Hello hello;
  utsname names{};
  if (uname(&names) == 0) {
    hello.hostname = names.nodename;
    hello.kernel = names.release;
  }
  hello.problems.push_back({.probe = "shape", .what = problem});
  EncodedShape shape;
  shape.body = encode_shape_raw(Shape{});
  shape.raw_bytes = static_cast<std::uint32_t>(shape.body.size());
  shape.id = shape_id_of(shape.body);
  hello.shape_id = shape.id;
  return {std::move(hello), std::move(shape)};
}

}  // namespace capmap
