#include "controller/ctl/paged_output.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace capmap {
namespace {

std::string pager() {
  for (const char* name : {"CAPMAP_PAGER", "PAGER"}) {
    if (const char* const value = std::getenv(name)) return value;
  }
  return "less";
}

/// Whether the first word of a command is a program that can be run.
bool can_run(const std::string& command) {
  std::istringstream words(command);
  std::string program;
  if (!(words >> program)) return false;
  if (program.find('/') != std::string::npos) return access(program.c_str(), X_OK) == 0;
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/usr/bin:/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

bool shown_by(const std::string& command, const std::string& text) {
  setenv("LESS", "FRX", 0);  // ends by itself on a short text, keeps colours, leaves the text on the screen
  std::fflush(stdout);
  FILE* const to = popen(command.c_str(), "w");
  if (to == nullptr) return false;
  const auto before = std::signal(SIGPIPE, SIG_IGN);  // who has seen enough leaves the pager
  std::fwrite(text.data(), 1, text.size(), to);
  pclose(to);
  std::signal(SIGPIPE, before);
  return true;
}

}  // namespace

void PagedOutput::finish() {
  if (straight_) return;
  straight_ = true;
  const auto lines = static_cast<std::size_t>(std::ranges::count(text_, '\n'));
  const auto command = pager();
  if (lines < rows_ || !can_run(command) || !shown_by(command, text_)) out_ << text_;
  text_.clear();
  out_.flush();
}

PagedOutput::int_type PagedOutput::overflow(int_type c) {
  if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
  const char one = traits_type::to_char_type(c);
  return xsputn(&one, 1) == 1 ? c : traits_type::eof();
}

std::streamsize PagedOutput::xsputn(const char* text, std::streamsize length) {
  if (straight_) {
    out_.write(text, length);
    return out_ ? length : 0;
  }
  text_.append(text, static_cast<std::size_t>(length));
  return length;
}

int PagedOutput::sync() {
  straight_ = true;
  out_ << text_ << std::flush;
  text_.clear();
  return out_ ? 0 : -1;
}

}  // namespace capmap
