#!/usr/bin/env python3
"""Drops the checks that a list names from a copy of the sources.

  plant.py LIST FOLDER          lines "TARGET | FILE | OLD | NEW"; "\\|" is a bar inside a text
  plant.py --check LIST FOLDER  looks whether it could, and changes nothing
Exit: 0 all dropped, 1 a text does not stand in its file just once (nothing says any more what it was for: mend the list).
"""
import pathlib
import re
import sys


def main(listed, folder, only_look):
    done, bad = set(), 0
    for number, line in enumerate(pathlib.Path(listed).read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        fields = [field.replace("\\|", "|").strip() for field in re.split(r"(?<!\\)\|", line)]
        if len(fields) != 4:
            sys.exit(f"{listed}:{number}: {len(fields)} fields, not four")
        _, name, old, new = fields
        if (name, old) in done:  # two targets enter one check
            continue
        path = pathlib.Path(folder) / name
        text = path.read_text() if path.is_file() else ""
        if text.count(old) != 1:
            print(f"{listed}:{number}: stands {text.count(old)} times in {name}: {old}")
            bad = 1
            continue
        if not only_look:
            path.write_text(text.replace(old, new))
        done.add((name, old))
    return bad


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--check"]
    if len(arguments) != 2:
        sys.exit(__doc__)
    sys.exit(main(*arguments, "--check" in sys.argv))
