#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controller/ctl/commands.hpp"

namespace CLI {
class App;
}

namespace capmap {

struct Line;

/// A demand as /v1/find takes it: parameters and their texts.
using FindQuestion = std::vector<std::pair<std::string, std::string>>;
/// `find`: which sites or pools could serve a demand now. Nothing is promised or kept.
Result<Done> show_find(const ApiConnection& connection, const Screen& screen, const FindQuestion& question);
/// "300T", "1.5P", "250G" operations a second in MFLOP/s or MOP/s. Errors: kMalformed, saying what is taken. Pure.
Result<std::string> parse_rate(const std::string& text);

/// An answer as text; `precision`: what rates are of. Pure.
std::string find_text(const ApiJson& answer, const std::string& precision, const TableLook& look);

/// What the command line says of it.
void add_find(CLI::App& app, Line& line);

}  // namespace capmap
