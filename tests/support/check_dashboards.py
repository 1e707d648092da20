#!/usr/bin/env python3
"""Holds dashboards to what Grafana takes: check_dashboards.py FILE…

Ids that are there once, panels beside each other and within 24 columns, kinds of panels that Grafana brings along, queries with a letter
and the data source of the variable, variables that are asked for and there. Exit: 0 good, 1 not (each fault named).
"""
import json
import re
import sys

KINDS = {"row", "stat", "timeseries", "bargauge", "table"}
BUILT_IN = {"__rate_interval", "__interval", "__range"}


def faults_of(board):
    for word, kind in (("uid", str), ("title", str), ("schemaVersion", int), ("panels", list), ("templating", dict), ("time", dict)):
        if not isinstance(board.get(word), kind):
            yield "no %s" % word
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", board["uid"]):
        yield "uid %s" % board["uid"]
    variables = {one["name"]: one for one in board["templating"]["list"]}
    if variables.get("datasource", {}).get("type") != "datasource":
        yield "no variable of the data source"
    taken, ids, used = set(), set(), set()
    for panel in board["panels"]:
        name, place = panel["title"], panel["gridPos"]
        if panel["id"] in ids or panel["type"] not in KINDS:
            yield "%s: id %s, kind %s" % (name, panel["id"], panel["type"])
        ids.add(panel["id"])
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        if cells & taken or place["x"] < 0 or place["x"] + place["w"] > 24 or not cells:
            yield "%s: lies over another, or outside" % name
        taken |= cells
        if panel["type"] == "row":
            continue
        letters = [query["refId"] for query in panel["targets"]]
        if not letters or len(letters) != len(set(letters)):
            yield "%s: letters of queries: %s" % (name, letters)
        for query in panel["targets"]:
            if query["datasource"] != {"type": "prometheus", "uid": "${datasource}"}:
                yield "%s: another data source" % name
            used |= set(re.findall(r"\$\{?(\w+)", query["expr"])) - BUILT_IN
    for name in used ^ (set(variables) - {"datasource"}):
        yield "variable %s: not there, or not used" % name


def main():
    bad = 0
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            for fault in faults_of(json.load(file)):
                print("%s: %s" % (path, fault))
                bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
