#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace capmap {

struct Line;

/// The first word of a command line that asks what may come next: `__complete WORD...`, of which the last is what has been typed of the
/// next word, maybe nothing.
inline constexpr std::string_view kCompleteCommand = "__complete";

/// What may come next, a line each: the word, and behind a tab what it is. Commands, flags, the words that a flag or an argument takes, and
/// names of sites as the controller tells them within a second. None: files. `arguments` begin with kCompleteCommand. Thread: any; asks the
/// controller where sites are wanted.
std::string completions_text(const CLI::App& app, const Line& line, const std::vector<std::string>& arguments);

/// What bash, zsh or fish read to ask so; empty for another shell. Pure.
std::string completion_script(std::string_view shell);

}  // namespace capmap
