#!/usr/bin/env python3
"""What bash, zsh and fish make of capmapctl's completion, each asked on a terminal by the Tab key.

  completion.py [BUILD_FOLDER]     default build/release; needs no controller

Each shell starts with no settings of anybody and the completion as it is packaged. Exit: 0 as it should be, 1 not, 77 none of them is here.
"""
import os
import pty
import select
import shutil
import sys
import tempfile
import time

HERE = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "build", "release"))
COMPLETIONS = os.path.join(HERE, "packaging", "completions")
READY = "is-ready"  # typed in two parts, so that only an answer has it whole

# How each is started, and what makes it know the completion.
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source '%s/capmapctl'" % COMPLETIONS),
    "zsh": (["zsh", "-f", "-i"], "fpath=('%s' $fpath); autoload -U compinit; compinit -D -u" % COMPLETIONS),
    "fish": (["fish", "--no-config", "-i"], "source '%s/capmapctl.fish'" % COMPLETIONS),
}
# What is typed before Tab, and what must be seen then.
CASES = [
    ("capmapctl nodes dra", ["drain"]),
    ("capmapctl nodes --live", ["--liveness"]),
    ("capmapctl map --output w", ["wide"]),
    ("capmapctl completion f", ["fish"]),
    ("capmapctl chips un", ["unrated"]),
    ("capmapctl backup unique-na", ["unique-name.db"]),  # a file, where a file is wanted
]


class Shell:
    """A shell on a terminal of its own."""

    def __init__(self, words, folder, home):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(words[0], words, {"PATH": BUILD + ":" + os.environ["PATH"], "TERM": "dumb", "HOME": home, "LC_ALL": "C.UTF-8",
                                         "CAPMAP_URL": "http://127.0.0.1:1", "PS1": "$ ", "COLUMNS": "100"})

    def type(self, text):
        os.write(self.terminal, text.encode())

    def wait_for(self, wanted, seconds=15):
        """What it has said until all that is wanted stood in it, or the time is over; (true when it did, text)."""
        said, end = "", time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.terminal], [], [], 0.1)[0]:
                try:
                    said += os.read(self.terminal, 65536).decode(errors="replace")
                except OSError:
                    break
            if all(word in said for word in wanted):
                return True, said
        return False, said

    def rest(self):
        """Until it has said nothing for a moment: what is typed before its prompt is there goes another way."""
        while select.select([self.terminal], [], [], 0.7)[0]:
            os.read(self.terminal, 65536)

    def end(self):
        os.close(self.terminal)  # hangs up
        os.waitpid(self.pid, 0)


def try_shell(name):
    words, setting = SHELLS[name]
    failed = []
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as home:
        open(os.path.join(folder, "unique-name.db"), "w", encoding="utf-8").close()
        shell = Shell(words, folder, home)
        shell.type(setting + "; echo is\\-ready\n" if name != "fish" else setting + "; echo is-'ready'\n")
        ready, said = shell.wait_for([READY])
        if not ready:
            failed.append("it is not ready: %r" % said[-500:])
        for typed, wanted in CASES if ready else []:
            shell.rest()
            shell.type(typed + "\t")
            seen, said = shell.wait_for(wanted)
            if not seen:
                failed.append("%r and Tab: no %s in %r" % (typed, wanted, said[-300:]))
            shell.rest()
            shell.type("\x03")  # the line is given up
        shell.end()
    for line in failed:
        print("completion: %s: %s" % (name, line))
    if not failed:
        print("completion: %s completes %d of %d" % (name, len(CASES), len(CASES)))
    return not failed


def main():
    here = [name for name in SHELLS if shutil.which(name)]
    for name in sorted(set(SHELLS) - set(here)):
        print("completion: %s is not installed: left out" % name)
    if not here:
        sys.exit(77)
    sys.exit(0 if all([try_shell(name) for name in here]) else 1)


main()
