#!/usr/bin/env python3
"""What the handbook says to type, and what it says comes of it.

  handbook_blocks.py extract FILE FOLDER [HEADING]   each ```sh block to FOLDER/NN.sh, the ```text block behind it to FOLDER/NN.expected;
                                                     of the part under a heading alone, where one is said
  handbook_blocks.py compare FILE OTHER              both have the same commands and the same answers, in as many parts
  handbook_blocks.py answered EXPECTED OUTPUT        each line of EXPECTED is found in OUTPUT, in this order: any blanks are alike, and the
                                                     sign … stands for anything
Exit: 0 so, 1 not (with the place).
"""
import os
import re
import sys


def blocks(path, heading=None):
    """(number of its first line, "sh" or "text", heading before it, text) of each block."""
    found, kind, lines, title, first = [], None, [], "", 0
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if kind is None:
                if line.startswith("#"):
                    title = line.strip("# \n")
                fence = re.match(r"```(\w*)$", line)
                if line.startswith("```") and (not fence or fence[1] not in ("sh", "text")):
                    sys.exit("%s:%d: a block is of sh (it is run) or of text (what comes of it)" % (path, number))
                if fence:
                    kind, lines, first = fence[1], [], number + 1
            elif line.startswith("```"):
                if heading is None or heading == title:
                    found.append((first, kind, title, "".join(lines)))
                kind = None
            else:
                lines.append(line)
    if kind is not None:
        sys.exit("%s:%d: this block has no end" % (path, first))
    return found


def extract(path, folder, heading=None):
    count = 0
    for first, kind, title, text in blocks(path, heading):
        if kind == "sh":
            count += 1
            with open(os.path.join(folder, "%02d.sh" % count), "w", encoding="utf-8") as file:
                file.write(text)
            with open(os.path.join(folder, "%02d.place" % count), "w", encoding="utf-8") as file:
                file.write("%s:%d (%s)" % (path, first, title))
        elif count == 0:
            sys.exit("%s:%d: an answer with no command before it" % (path, first))
        else:
            with open(os.path.join(folder, "%02d.expected" % count), "a", encoding="utf-8") as file:
                file.write(text)
    if count == 0:
        sys.exit("%s: no command%s" % (path, " under " + heading if heading else ""))


def compare(one, other):
    ones, others = blocks(one), blocks(other)
    for (first, kind, _, text), (first_other, kind_other, _, text_other) in zip(ones, others):
        if (kind, text) != (kind_other, text_other):
            sys.exit("%s:%d and %s:%d differ" % (one, first, other, first_other))
    if len(ones) != len(others):
        sys.exit("%s has %d blocks, %s has %d" % (one, len(ones), other, len(others)))

    def parts(path):
        with open(path, encoding="utf-8") as file:
            return sum(line.startswith("## ") for line in file)

    if parts(one) != parts(other):
        sys.exit("%s has %d parts, %s has %d" % (one, parts(one), other, parts(other)))
    print("%d blocks, the same in both" % len(ones))


def answered(expected, output):
    with open(output, encoding="utf-8", errors="replace") as file:
        lines = [re.sub(r"\s+", " ", line).strip() for line in file]
    at = 0
    with open(expected, encoding="utf-8") as file:
        for line in file:
            words = re.sub(r"\s+", " ", line).strip()
            if not words:
                continue
            pattern = re.compile(".*".join(re.escape(part) for part in words.split("…")) + "$")
            while at < len(lines) and not pattern.match(lines[at]):
                at += 1
            if at == len(lines):
                sys.exit("not in the answer (or not in this order): %s" % words)
            at += 1


if __name__ == "__main__":
    {"extract": extract, "compare": compare, "answered": answered}[sys.argv[1]](*sys.argv[2:])
