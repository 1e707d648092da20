#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "controller/ctl/paged_output.hpp"

using namespace capmap;

namespace {

struct PagerFile {
  PagerFile() {
    std::string name = "/tmp/capmap-pager.XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder = name;
    setenv("CAPMAP_PAGER", ("tee " + folder + "/shown > /dev/null").c_str(), 1);
  }
  ~PagerFile() {
    unsetenv("CAPMAP_PAGER");
    std::filesystem::remove_all(folder);
  }
  PagerFile(const PagerFile&) = delete;
  PagerFile& operator=(const PagerFile&) = delete;
  [[nodiscard]] std::string shown() const {
    std::ifstream file(folder + "/shown");
    return {(std::istreambuf_iterator<char>(file)), {}};
  }
  std::string folder;
};

}  // namespace

TEST_CASE("what is longer than the screen is shown by the pager, what is not goes straight out") {
  const PagerFile pager;
  std::ostringstream out;
  PagedOutput paged(out, 4);
  std::ostream screen(&paged);
  screen << "1\n2\n3\n4\n5\n";
  CHECK(out.str().empty());
  paged.finish();
  CHECK(pager.shown() == "1\n2\n3\n4\n5\n");
  CHECK(out.str().empty());

  PagedOutput brief(out, 4);
  std::ostream small(&brief);
  small << "1\n2\n";
  brief.finish();
  CHECK(out.str() == "1\n2\n");
}

TEST_CASE("who flushes is seen at once, and then all goes straight out") {
  const PagerFile pager;
  std::ostringstream out;
  PagedOutput paged(out, 2);
  std::ostream screen(&paged);
  screen << "sure? " << std::flush;
  CHECK(out.str() == "sure? ");
  screen << "1\n2\n3\n4\n" << 'x';
  paged.finish();
  CHECK(out.str() == "sure? 1\n2\n3\n4\nx");
  CHECK(pager.shown().empty());
}

TEST_CASE("without a pager that can be run nothing is lost") {
  for (const char* command : {"", "/no/such/pager", "no-such-pager -x", "   "}) {
    const PagerFile pager;
    setenv("CAPMAP_PAGER", command, 1);
    std::ostringstream out;
    PagedOutput paged(out, 2);
    std::ostream screen(&paged);
    screen << "1\n2\n3\n";
    paged.finish();
    CHECK(out.str() == "1\n2\n3\n");
  }
}
