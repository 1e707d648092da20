// The national bulletin, printed as it comes from the controller.
#include "controller/ctl/bulletin.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <ostream>

#include "common/whole_file.hpp"
#include "controller/ctl/api.hpp"
#include "controller/ctl/language.hpp"
#include "controller/ctl/run_program.hpp"

namespace capmap {
namespace {

/// A folder that goes with all that is in it.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "capmapctl.XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A page printed by a browser that is installed.
Result<Done> print_pdf(const std::string& page, const std::string& file) {
  const Scratch scratch;
  if (scratch.path().empty()) return Error{ErrorCode::kUnavailable, "no temporary folder could be made"};
  const auto source = scratch.path() + "/bulletin.html";
  if (auto written = write_file_atomically(source, page, 0600); !written) return written;
  std::vector<std::string> words = {"chromium",
                                    "--headless=new",
                                    "--disable-gpu",
                                    "--no-pdf-header-footer",
                                    "--user-data-dir=" + scratch.path() + "/profile",
                                    "--print-to-pdf=" + std::filesystem::absolute(file).string(),
                                    "file://" + source};
  if (geteuid() == 0) words.insert(words.begin() + 1, "--no-sandbox");  // its sandbox is not for root; the page is our own, without scripts
  Result<Printed> printed = Error{ErrorCode::kAbsent, {}};
  for (const char* program : {"chromium", "chromium-browser", "google-chrome"}) {
    words[0] = program;
    printed = run_program(words);
    if (printed || printed.error().code != ErrorCode::kAbsent) break;
  }
  if (!printed && printed.error().code == ErrorCode::kAbsent) {
    return Error{ErrorCode::kAbsent,
                 "PDF is printed by a browser, and none is installed: apt install chromium, or save the page with --html --to "
                 "bulletin.html and print it from any browser"};
  }
  if (!printed) return printed.error();
  std::error_code none;
  if (printed->status != 0 || std::filesystem::file_size(file, none) == 0 || none) {
    return Error{ErrorCode::kUnavailable, words[0] + " could not print " + file + ": " + printed->text.substr(0, 500)};
  }
  return Done{};
}

}  // namespace

Result<Done> show_bulletin(const ApiConnection& connection, const Screen& screen, const BulletinQuestion& question) {
  const bool pdf = !question.pdf.empty();
  const std::string format = pdf ? "html" : screen.json ? "json" : question.format;
  const auto language = screen.look.language == Language::kChinese ? "zh" : "en";
  const auto path = "/v1/bulletin?format=" + format + "&lang=" + (question.language.empty() ? language : question.language);
  const auto text = api_get_text(connection, path, "*/*");
  if (!text) return text.error();
  if (pdf) return print_pdf(*text, question.pdf);
  if (!question.to.empty()) return write_file_atomically(question.to, *text, 0644);
  screen.out << *text;
  return Done{};
}

}  // namespace capmap
