#pragma once
#include <ostream>
#include <streambuf>
#include <string>

namespace capmap {

/// What goes to a terminal: gathered, and shown at once by a pager if it is longer than the screen. Whoever flushes wants it seen now
/// (a question, how far a thing is): from then on all goes straight out. Thread: one.
class PagedOutput : public std::streambuf {
 public:
  /// `rows` of the screen. `out` outlives this.
  PagedOutput(std::ostream& out, std::size_t rows) : out_(out), rows_(rows) {}
  /// Shows what was gathered: by $CAPMAP_PAGER, else $PAGER, else less; straight where it is short, the pager is empty or cannot be run.
  void finish();

 protected:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* text, std::streamsize length) override;
  int sync() override;

 private:
  std::ostream& out_;
  std::size_t rows_;
  std::string text_;
  bool straight_ = false;
};

}  // namespace capmap
