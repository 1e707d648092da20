// What the command line says of SQL.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/sql.hpp"

namespace capmap {

void add_sql(CLI::App& app, Line& line) {
  auto* sql = add_command(app, "sql", "ask the live map by SQL; what can be asked is told by .tables, .schema and .examples",
                          "  capmapctl sql 'select region_2, sum(nodes) from cells where installed group by 1'\n"
                          "  capmapctl sql .tables\n"
                          "  capmapctl sql '.schema nodes'\n"
                          "  capmapctl sql --csv --rows 100000 'select * from sites' > sites.csv\n"
                          "  capmapctl sql --attach-csv prices=prices.csv \\\n"
                          "      'select accelerator_model, sum(accelerators) * max(price) from cells\n"
                          "       join prices on model = accelerator_model where installed group by 1'\n"
                          "  capmapctl sql < report.sql\n"
                          "Without a statement they are read from the input, each up to a ; at the end of a line.");
  const auto command = std::make_shared<SqlCommand>();
  sql->add_option("STATEMENT", command->statement, "one that reads: SELECT, WITH or VALUES; or .tables, .schema [TABLE], .examples");
  sql->add_option("--rows", command->rows, "most rows of an answer")->check(CLI::Range(1, 100'000))->capture_default_str();
  sql->add_option("--ms", command->ms, "most milliseconds it may take")->check(CLI::Range(1, 10'000))->capture_default_str();
  sql->add_flag("--csv", command->csv, "CSV instead of a table");
  sql->add_flag("--examples", command->examples, "show statements to learn from");
  sql->add_option("--attach-csv", command->attach, "a table of your own, NAME=FILE, CSV with a header; may be said again for another")
      ->allow_extra_args(false)
      ->take_all();
  sql->callback([&line, command] {
    command->prompt = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
    line.command = [&line, command](const Screen& screen) { return run_sql_command(line.connection, screen, *command, std::cin); };
  });
}

}  // namespace capmap
