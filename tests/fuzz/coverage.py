#!/usr/bin/env python3
"""Reads which lines of its parsers a fuzz target reached; parsers.txt says which functions these are.

  coverage.py TARGET PROGRAM PROFILE ROOT  a table of its files, what is not reached, and "TARGET: REACHED of LINES lines";
                                           ROOT: the checkout that the program was built of
  coverage.py --check                      looks whether parsers.txt is true: each file and function is there, each target has a line
  coverage.py --selftest                   shows that --check finds lines that are not
Exit: 0 well, 1 parsers.txt is not true (each line named), 2 no such call or no llvm.
"""
import bisect
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MOST_RANGES = 200  # that are listed of a target
Entry = collections.namedtuple("Entry", "number target file form names")


def read_list(path):
    """Lines "TARGET FILE [only|but NAME...]", more of one file together, and what is wrong with them by themselves."""
    entries, bad = {}, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) == 3 or (len(words) > 2 and words[2] not in ("only", "but")):
            bad.append((number, "is not TARGET FILE [only|but NAME...]"))
        elif len(words) < 2:
            bad.append((number, "names no file"))
        else:
            form, names = words[2] if len(words) > 2 else "all", words[3:]
            before = entries.setdefault(tuple(words[:2]), Entry(number, words[0], words[1], form, []))
            if before.form != form or (before.number != number and form == "all") or set(before.names) & set(names):
                bad.append((number, f"names {words[1]} again otherwise"))
            before.names.extend(names)
    return list(entries.values()), bad


def defines(text, name):
    """Whether a source defines a function of that name, or some of a class; calls stand deeper, or behind something that is no type."""
    def function(one):
        begin = r"^(?! *(?:return|else|throw|case)\b)(?: {0,4}[\w:<>,&*\[\]~ ]*[ &*:>~])?"
        places = re.finditer(rf"{begin}({one})\(", text, re.M)
        return any(not place[0].startswith(" ") or place[0].strip() != place[1] + "(" for place in places)

    def kind(one):
        return re.search(rf"^ {{0,4}}(class|struct) {one}\b[^;]*$", text, re.M)

    outer, _, last = name.rpartition("::")
    made_in = outer and kind(outer.split("::")[-1]) and (function(last) or outer.split("::")[-1] == last)
    return bool(function(name) or kind(name) or function(name + r"::\w+") or made_in)


def check(listed, root):
    """What in the list is not true."""
    entries, bad = read_list(listed)
    cmake = (root / "tests/fuzz/CMakeLists.txt").read_text()
    targets = re.findall(r"^capmap_fuzz\((\w+)", cmake, re.M)
    for entry in entries:
        path = root / entry.file
        if entry.target not in targets:
            bad.append((entry.number, f"there is no target {entry.target}"))
        if not path.is_file():
            bad.append((entry.number, f"there is no file {entry.file}"))
            continue
        text = path.read_text()
        bad += [(entry.number, f"{entry.file} defines no {name}") for name in entry.names if not defines(text, name)]
    bad += [(0, f"{target} has no line") for target in sorted(set(targets) - {entry.target for entry in entries})]
    return bad


def report(listed, bad):
    for number, what in sorted(bad):
        print(f"{listed.name}:{number}: {what}" if number else f"{listed.name}: {what}")
    return 1 if bad else 0


def selftest():
    good = (HERE / "parsers.txt").read_text()
    if check(HERE / "parsers.txt", HERE.parent.parent):
        print("the list itself is not true: see --check")
        return 1
    spoilt = {
        "a file that is gone": good + "messages common/no_such.cpp\n",
        "a function that is gone": good + "messages common/ids.cpp only no_such_function\n",
        "a function that is only called": good + "past common/codec.cpp but check\n",
        "a target that is gone": good + "no_such common/codec.cpp\n",
        "a form that is none": good + "past common/codec.cpp without verify\n",
        "a form without names": good + "past common/codec.cpp but\n",
        "a file twice": good + "".join(re.findall(r"(?m)^messages \S+", good)[:1]) + "\n",
        "a line without a file": good + "past\n",
        "a target without a line": re.sub(r"(?m)^messages .*\n", "", good),
    }
    failed = 0
    for what, text in spoilt.items():
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "parsers.txt"
            path.write_text(text)
            if len(check(path, HERE.parent.parent)) != 1:
                print(f"not found, or more than that: {what}")
                failed = 1
    print(f"{len(spoilt)} bad lists tried")
    return failed


def tool(name):
    found = shutil.which(name + "-14") or shutil.which(name)
    if not found:
        print(f"coverage.py: no {name}: install llvm-14", file=sys.stderr)
        sys.exit(2)
    return found


def bare_name(demangled):
    """Of a demangled function its qualified name: no types, no arguments; of a lambda that of the function it stands in."""
    text = demangled.replace("(anonymous namespace)::", "").replace("[abi:cxx11]", "")
    text = re.sub(r"operator\(\)", "operator_call", text)
    out, depth = "", 0
    for at, c in enumerate(text):
        if c == "<" and not text[:at].endswith("operator"):
            depth += 1
        elif c == ">" and depth > 0:
            depth -= 1
        elif depth == 0:
            if c == "(":
                break
            out += c
    words = out.split(" ")
    first = next((i for i, word in enumerate(words) if re.search(r"\boperator$", word)), len(words) - 1)
    name = " ".join(words[first:])
    return re.sub(r"(::'lambda\d*'|::\$_\d+)+(::operator_call)?$", "", name).replace("operator_call", "operator()")


def is_named(name, names):
    return any(("::" + name + "::").find("::" + one + "::") >= 0 for one in names)


def line_counts(segments):
    """How often each line that holds code was reached, as llvm-cov counts it: segments are [line, column, count, has, entry, gap]."""
    counts, wrapped = {}, None
    by_line = {}
    for segment in segments:
        by_line.setdefault(segment[0], []).append(segment)
    last = max(by_line, default=0)
    for line in range(min(by_line, default=1), last + 1):
        here = by_line.get(line, [])
        starts = [s for s in here if s[3] and s[4] and not s[5]]
        skipped = bool(here) and not here[0][3] and here[0][4]
        mapped = not skipped and ((wrapped is not None and wrapped[3]) or bool(starts))
        if mapped:
            count = wrapped[2] if wrapped is not None and wrapped[3] else 0
            counts[line] = max([count] + [s[2] for s in starts])
        if here:
            wrapped = here[-1]
    return counts


class Profile:
    def __init__(self, program, profile, root, files):
        self.root = root.rstrip("/") + "/"
        text = subprocess.run([tool("llvm-cov"), "export", program, "-instr-profile=" + profile, "-skip-expansions"] +
                              [self.root + file for file in files], check=True, stdout=subprocess.PIPE).stdout
        data = json.loads(text)["data"][0]
        self.lines = {one["filename"]: line_counts(one["segments"]) for one in data["files"]}
        self.functions = {}  # file -> {(first, last): name}
        found = [one for one in data["functions"] if one["filenames"][0] in self.lines]
        names = [one["name"].split(":")[-1] for one in found]
        plain = subprocess.run([tool("llvm-cxxfilt")], input="\n".join(names), check=True, stdout=subprocess.PIPE, text=True).stdout
        for one, name in zip(found, plain.split("\n")):
            region = one["regions"][0]
            self.functions.setdefault(one["filenames"][0], {})[(region[0], region[2])] = bare_name(name)

    def lines_of(self, entry):
        """Line -> (reached, function) of what an entry names, and names that the program does not hold."""
        counts = self.lines.get(self.root + entry.file)
        functions = self.functions.get(self.root + entry.file, {})
        if not counts:
            return {}, [entry.file]
        # The outermost functions: lambdas stand in them, and theirs is the name.
        outer, end = [], 0
        for (first, last), name in sorted(functions.items(), key=lambda item: (item[0][0], -item[0][1])):
            if last > end or not outer:
                outer.append((first, last, name))
                end = max(end, last)
        starts = [one[0] for one in outer]
        lines = {}
        for line, count in counts.items():
            at = bisect.bisect_right(starts, line) - 1
            name = outer[at][2] if at >= 0 and line <= outer[at][1] else ""
            named = is_named(name, entry.names)
            if entry.form == "all" or named == (entry.form == "only"):
                lines[line] = (count > 0, name.removeprefix("capmap::"))
        missing = [one for one in entry.names if not any(is_named(name, [one]) for name in functions.values())]
        return lines, [f"{entry.file}: {one}" for one in missing]


def ranges(lines):
    """Unreached lines as (first, last, function): of one function, with no reached line between."""
    out, open_range = [], None
    for line in sorted(lines):
        reached, name = lines[line]
        if reached:
            open_range = None
        elif open_range and open_range[2] == name:
            open_range[1] = line
        else:
            open_range = [line, line, name]
            out.append(open_range)
    return out


def show(target, program, profile, root):
    entries = [entry for entry in read_list(HERE / "parsers.txt")[0] if entry.target == target]
    if not entries:
        print(f"parsers.txt: {target} has no line", file=sys.stderr)
        return 1
    read = Profile(program, profile, root, [entry.file for entry in entries])
    total = missed = 0
    bad, unreached = [], []
    width = max(len(entry.file) for entry in entries) + 2
    print(f"{'FILE':{width}} {'LINES':>6} {'MISSED':>7} {'REACHED':>9}")
    for entry in entries:
        lines, missing = read.lines_of(entry)
        bad += missing
        if not lines:
            continue
        without = sum(not reached for reached, _ in lines.values())
        total, missed = total + len(lines), missed + without
        unreached += [(entry.file, *one) for one in ranges(lines)]
        print(f"{entry.file:{width}} {len(lines):6} {without:7} {100 * (len(lines) - without) / len(lines):7.1f} %")
    print(f"{'all':{width}} {total:6} {missed:7} {100 * (total - missed) / max(total, 1):7.1f} %")
    print("not reached:" if unreached else "not reached: nothing")
    for file, first, last, name in unreached[:MOST_RANGES]:
        print(f"  {file}:{first}-{last} {name}")
    if len(unreached) > MOST_RANGES:
        print(f"  … and {len(unreached) - MOST_RANGES} more")
    for one in bad:
        print(f"parsers.txt: fuzz_{target} does not hold {one}", file=sys.stderr)
    print(f"{target}: {total - missed} of {total} lines")
    return 1 if bad else 0


def main(arguments):
    listed = HERE / "parsers.txt"
    if arguments == ["--check"]:
        return report(listed, check(listed, HERE.parent.parent))
    if arguments == ["--selftest"]:
        return selftest()
    if len(arguments) == 4:
        return show(*arguments)
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
