#pragma once
#include <ostream>
#include <streambuf>
#include <string>

#include "controller/ctl/language.hpp"

namespace capmap {

/// Text on its way to a screen, each line in the language of who reads it. A line goes on when it is whole or flushed (a question). Thread:
/// one.
class TranslatedOutput : public std::streambuf {
 public:
  /// `out` outlives this.
  TranslatedOutput(std::ostream& out, Language language) : out_(out), language_(language) {}
  /// The last line, which no line end has closed.
  void finish();

 protected:
  int_type overflow(int_type c) override;
  int sync() override;

 private:
  std::ostream& out_;
  Language language_;
  std::string line_;
};

}  // namespace capmap
