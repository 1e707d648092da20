#include "controller/ctl/translated_output.hpp"

namespace capmap {

void TranslatedOutput::finish() {
  out_ << lines_in_language(language_, line_);
  line_.clear();
}

TranslatedOutput::int_type TranslatedOutput::overflow(int_type c) {
  if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
  const char one = traits_type::to_char_type(c);
  line_ += one;
  if (one == '\n') finish();
  return out_ ? c : traits_type::eof();
}

int TranslatedOutput::sync() {
  finish();
  out_.flush();
  return out_ ? 0 : -1;
}

}  // namespace capmap
