#!/usr/bin/env python3
"""Has a part of all sites declare more servers than the fleet has there, by an import, and looks whether the map finds just these.

  overstate.py FOLDER --url URL --ctl CAPMAPCTL --state CONTROLLER_STATE [--permille 50] [--seed N]

FOLDER holds what capmap-fleet wrote as true (see sum_truth.py). All other sites declare what is true. The import is done twice: the second
time it must change nothing. Exit: 0 all found and none else, 1 not so.
"""
import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
import time

from sum_truth import ask, read


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    for name in ("--url", "--ctl", "--state"):
        parser.add_argument(name, required=True)
    parser.add_argument("--permille", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    words = parser.parse_args()
    nodes = {}
    for node, _ in read([words.folder]):
        nodes[node["site"]] = nodes.get(node["site"], 0) + 1
    dice = random.Random(words.seed)
    liars = set(dice.sample(sorted(nodes), max(1, len(nodes) * words.permille // 1000)))
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("name", "declared.nodes"))
        declared = 0
        for site in sorted(nodes):
            says = nodes[site] + (dice.randint(1, nodes[site] + 1) if site in liars else 0)
            rows.writerow((site, says))
            declared += says
        file.flush()
        command = [words.ctl, "--url", words.url, "--state", words.state, "--timeout", "60", "sites", "import", file.name, "--yes"]
        first = subprocess.run(command, capture_output=True, text=True, check=False)
        again = subprocess.run(command, capture_output=True, text=True, check=False)
    if first.returncode != 0 or again.returncode != 0:
        print("overstate: the import failed: " + first.stderr + again.stderr)
        return 1
    print("first import: %s; again: %s" % (first.stdout.strip().splitlines()[-1], again.stdout.strip().splitlines()[-1]))
    # What is durable shows with the next view.
    for _ in range(200):
        total = (ask(words.url, "/v1/map", measure="declared")["total"]["declared"] or {}).get("nodes")
        if total and int(total["declared"]) == declared:
            break
        time.sleep(0.1)
    else:
        print("overstate: %d nodes are declared, the map tells %s" % (declared, total))
        return 1
    found, cursor = set(), "0"
    while cursor is not None:
        page = ask(words.url, "/v1/map", group_by="site", measure="declared", cursor=cursor, limit=1000)
        for group in page["groups"]:
            figure = (group["declared"] or {}).get("nodes")
            if figure and figure["difference"] is not None and figure["difference"] < 0:
                found.add(group["key"]["site"])
        cursor = page["next"]
    print("%d sites, %d overstate: %d found, %d missed, %d wrongly named" %
          (len(nodes), len(liars), len(found & liars), len(liars - found), len(found - liars)))
    return 0 if found == liars else 1


if __name__ == "__main__":
    sys.exit(main())
