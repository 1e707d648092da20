#include <CLI/CLI.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <sstream>

#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/language.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/ctl/translated_output.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

/// Descriptions below `app` that nobody has translated.
void untranslated(const CLI::App& app, std::string& missing) {
  const auto look_at = [&missing](const std::string& text) {
    if (!text.empty() && in_language(Language::kChinese, text) == text) missing += text + "\n";
  };
  look_at(app.get_description());
  for (const auto* option : app.get_options()) {
    const auto& what = option->get_description();
    if (!option->get_lnames().empty() && option->get_lnames().front().starts_with("declared-")) continue;  // one a precision, made of parts
    look_at(what);
  }
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) untranslated(*command, missing);
}

}  // namespace

TEST_CASE("all that help says of commands and flags is there in Chinese") {
  Line line;
  CLI::App app("capmapctl: the capacity map from the command line", "capmapctl");
  describe(app, line, "1.2.3");
  std::string missing;
  untranslated(app, missing);
  INFO(missing);
  CHECK(missing.empty());
  CHECK(app.get_subcommands([](const CLI::App*) { return true; }).size() > 25);
}

TEST_CASE("help speaks the language of the locale, with the commands and flags as they are") {
  for (const char* name : {"LC_MESSAGES", "LANG"}) unsetenv(name);
  setenv("LC_ALL", "zh_CN.UTF-8", 1);
  std::ostringstream out, err;
  CHECK(run_ctl({"nodes", "drain", "--help"}, "1", out, err) == CtlExit::kDone);
  CHECK_THAT(out.str(), Contains("节点不再接受新任务") && Contains("--reason") && Contains("exit codes"));
  std::ostringstream none, said;
  CHECK(run_ctl({"--url", "ftp://x", "map"}, "1", none, said) == CtlExit::kFailed);
  unsetenv("LC_ALL");
}

TEST_CASE("the locale is the first of LC_ALL, LC_MESSAGES and LANG that says anything") {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) unsetenv(name);
  CHECK(language_of_environment() == Language::kEnglish);
  setenv("LANG", "zh_CN.UTF-8", 1);
  CHECK(language_of_environment() == Language::kChinese);
  setenv("LC_MESSAGES", "C", 1);
  CHECK(language_of_environment() == Language::kEnglish);
  setenv("LC_ALL", "zh_TW", 1);
  CHECK(language_of_environment() == Language::kChinese);
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) unsetenv(name);
}

TEST_CASE("a line is translated where a phrase fits it as a whole, and stays as it is elsewhere") {
  const auto chinese = [](std::string_view text) { return lines_in_language(Language::kChinese, text); };
  CHECK(chinese("3 nodes") == "3 个节点");
  CHECK(chinese("3 nodes of old") == "3 nodes of old");
  CHECK(chinese("resyncing: 5 of 1,000 known nodes\nan id\n") == "重新同步：已知节点 1,000，已收到 5\nan id\n");
  CHECK(chinese("no profile \"a\" in /b; capmapctl profiles lists them") == "/b 中没有名为 \"a\" 的控制器；capmapctl profiles 列出全部");
  CHECK(chinese("Not Found: no site x: y") == "未找到：no site x: y");
  CHECK(lines_in_language(Language::kEnglish, "3 nodes") == "3 nodes");
  CHECK(chinese("map of 2026-11-22T21:00:00Z, revision 42, 0.1 s old, chip table 1") ==
        "地图，时间 2026-11-22T21:00:00Z，修订号 42，数据龄 0.1 s，芯片表 1");
  CHECK(chinese("map of 2026-11-22T21:00:00Z, chip table 1") == "地图，时间 2026-11-22T21:00:00Z，芯片表 1");
  CHECK(chinese("").empty());
}

TEST_CASE("titles are translated and stay aligned, what others wrote is left alone") {
  TextTable table({{"SITE", TextTable::Align::kLeft}, {"NODES"}});
  table.add({"NODES", "12"});
  TableLook look;
  look.language = Language::kChinese;
  CHECK(table.text(look) ==
        "站点   节点\n"
        "NODES    12\n");
  TextTable totals({{.title = "TOTAL", .align = TextTable::Align::kLeft, .words = true}, {"INSTALLED"}});
  totals.add({"  healthy", "7"});
  CHECK(totals.text(look) ==
        "合计    已装\n"
        "  健康     7\n");
}

TEST_CASE("a question goes out when it is flushed, other text line by line") {
  std::ostringstream out;
  TranslatedOutput translated(out, Language::kChinese);
  std::ostream screen(&translated);
  screen << "2 no";
  CHECK(out.str().empty());
  screen << "des\n";
  CHECK(out.str() == "2 个节点\n");
  screen << "make 3 changes? Type yes: " << std::flush;
  CHECK(out.str() == "2 个节点\n作 3 处更改？请输入 yes：");
  screen << "end";
  translated.finish();
  CHECK(out.str() == "2 个节点\n作 3 处更改？请输入 yes：end");
}
