// The command line's completion: what shells read to ask what may come next.
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/completion.hpp"

namespace capmap {
namespace {

constexpr const char* kBash = R"sh(# bash completion of capmapctl, which tells itself what may come next.
_capmapctl() {
  local IFS=$'\n'
  COMPREPLY=($(capmapctl __complete "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$2" 2>/dev/null | cut -f1))
}
complete -o default -F _capmapctl capmapctl
)sh";

constexpr const char* kZsh = R"sh(#compdef capmapctl
# zsh completion of capmapctl, which tells itself what may come next.
_capmapctl() {
  local -a told
  local line
  for line in "${(@f)$(capmapctl __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] || continue
    told+=("${${line%%$'\t'*}//:/\\:}${${line#*$'\t'}:+:${line#*$'\t'}}")
  done
  if ((${#told})); then
    _describe capmapctl told
  else
    _files
  fi
}
# Read by the completion system, this file is the first call; read by a person's settings, it only says whom to call.
if [[ ${funcstack[1]} == _capmapctl ]]; then
  _capmapctl "$@"
else
  compdef _capmapctl capmapctl
fi
)sh";

constexpr const char* kFish = R"sh(# fish completion of capmapctl, which tells itself what may come next.
function __capmapctl_complete
    set -l words (commandline -opc)
    capmapctl __complete $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c capmapctl -f -a '(__capmapctl_complete)'
complete -c capmapctl -n 'test -z "$(__capmapctl_complete)"' -F
)sh";

}  // namespace

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  return shell == "fish" ? kFish : "";
}

void add_completion(CLI::App& app, Line& line) {
  auto* command = add_command(app, "completion", "what a shell reads to complete commands, flags and names of sites",
                              "  source <(capmapctl completion bash)\n"
                              "  capmapctl completion zsh > ~/.zfunc/_capmapctl\n"
                              "  capmapctl completion fish > ~/.config/fish/completions/capmapctl.fish");
  const auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([&line, shell] {
    line.offline = true;
    line.command = [shell](const Screen& screen) {
      screen.out << completion_script(*shell);
      return Result<Done>(Done{});
    };
  });
}

}  // namespace capmap
