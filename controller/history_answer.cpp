#include "controller/history_answer.hpp"

#include <utility>

namespace capmap {

HistoryAnswer answer_history(SampleStore& samples, const HistoryQuestion& question) {
  auto series = samples.read(question.what);
  if (!series) return {.ticket = question.ticket, .what = series.error()};
  return {.ticket = question.ticket, .what = std::move(*series)};
}

}  // namespace capmap
