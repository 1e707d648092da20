#!/usr/bin/env python3
"""Sums what capmap-fleet wrote as true, and holds /v1/map of a live controller to it, figure by figure.

  sum_truth.py FOLDER [FOLDER...] [--by DIMENSION,...]                      prints the sums as JSON
  sum_truth.py FOLDER [FOLDER...] --url http://127.0.0.1:8470 [--by ...]... compares; each --by is one comparison (default: several)

FOLDER holds machines.csv and nodes.*.csv. All sums are Python's integers, and nothing here comes from the controller's sources. The
map must be quiet meanwhile. Prints every difference with its place, then a line a grouping. Exit: 0 all equal, 1 differences, 2 not comparable.
"""
import argparse
import csv
import glob
import json
import sys
import urllib.parse
import urllib.request
from collections import defaultdict

DIMENSIONS = ("region_2", "site", "compute_class", "architecture", "cpu_model", "liveness")
DEFAULT = ("", "region_2", "site", "site,cpu_model,liveness")
MIB = 1 << 20
CAPACITY = ("packages", "cores", "pus", "memory_bytes", "accelerators", "nics", "nic_mbps", "nvme_bytes", "ssd_bytes", "hdd_bytes",
            "cpu_fp64_mflops", "cpu_fp32_mflops", "accelerator_fp32_mflops", "accelerator_fp16_mflops")


def number(text):
    return int(text) if text != "" else None


def read(folders):
    for folder in folders:
        with open(folder + "/machines.csv", newline="") as file:
            machines = {row["machine"]: row for row in csv.DictReader(file)}
        for row in machines.values():
            for name in CAPACITY:
                row[name] = int(row[name])
        for path in sorted(glob.glob(folder + "/nodes.*.csv")):
            with open(path, newline="") as file:
                for node in csv.DictReader(file):
                    if node["liveness"] not in ("absent", "not_believed"):
                        yield node, machines[node["machine"]]


def add(group, node, machine):
    group["nodes." + node["liveness"]] += 1
    group["nodes.installed"] += 1
    for name in CAPACITY:
        group[name] += machine[name]
    if node["liveness"] != "fresh":
        return
    group["available"] += 1
    busy, used = number(node["cpu_busy_millicores"]), number(node["memory_used_mib"])
    if busy is None:
        group["cpu_unknown"] += 1
    else:
        group["busy"] += busy
        group["cpu_free"] += max(0, int(node["pus_allowed"]) * 1000 - busy)
    if used is None:
        group["memory_unknown"] += 1
    else:
        group["memory_used"] += used * MIB
        group["memory_free"] += max(0, int(node["memory_total_mib"]) - used) * MIB
    power = number(node["power_watts"])
    if power is None:
        group["power_unknown"] += 1
    else:
        group["watts"] += power
    for name in ("used", "free", "unhealthy"):
        group["accelerators." + name] += int(node["accelerators_" + name])


def sums(folders, groupings):
    """{grouping: {key tuple: {figure: int}}}"""
    out = {by: defaultdict(lambda: defaultdict(int)) for by in groupings}
    names = {by: tuple(by.split(",")) if by else () for by in groupings}
    for node, machine in read(folders):
        place = {"region_2": node["region"][:2], "site": node["site"], "compute_class": node["compute_class"],
                 "architecture": machine["architecture"], "cpu_model": machine["cpu_model"], "liveness": node["liveness"]}
        for by in groupings:
            add(out[by][tuple(place[name] for name in names[by])], node, machine)
    return out


def told_or_null(known, value):
    return value if known else None


def expected(group):
    """The figures of one group under the names /v1/map gives them."""
    free, used = group["accelerators.free"], group["accelerators.used"]
    available = group["available"]
    out = {"nodes.installed": group["nodes.installed"], "nodes.available": available, "nodes.fresh": group["nodes.fresh"],
           "nodes.lost": group["nodes.lost"], "nodes.stale": 0, "nodes.resyncing": 0, "nodes.hardware_unknown": 0,
           "cpu.packages": group["packages"], "cpu.cores": group["cores"], "cpu.pus": group["pus"],
           "cpu.busy_millicores": told_or_null(available > group["cpu_unknown"], group["busy"]),
           "cpu.free_millicores": told_or_null(available > group["cpu_unknown"], group["cpu_free"]),
           "cpu.use_unknown_nodes": group["cpu_unknown"], "memory.installed_bytes": group["memory_bytes"], "memory.unknown_nodes": 0,
           "memory.used_bytes": told_or_null(available > group["memory_unknown"], group["memory_used"]),
           "memory.free_bytes": told_or_null(available > group["memory_unknown"], group["memory_free"]),
           "memory.use_unknown_nodes": group["memory_unknown"],
           "power.watts": told_or_null(available > group["power_unknown"], group["watts"]),
           "power.unknown_nodes": group["power_unknown"], "accelerators.installed": group["accelerators"],
           "storage.installed_bytes": group["nvme_bytes"] + group["ssd_bytes"] + group["hdd_bytes"], "storage.unknown_disks": 0,
           "network.nics": group["nics"], "network.speed_mbps": group["nic_mbps"], "network.speed_unknown": 0,
           "peak.cpu.fp64_mflops": group["cpu_fp64_mflops"], "peak.cpu.fp32_mflops": group["cpu_fp32_mflops"],
           "peak.accelerators.fp32_mflops": group["accelerator_fp32_mflops"] or None,
           "peak.accelerators.fp16_mflops": group["accelerator_fp16_mflops"] or None, "peak.unrated.nodes": 0}
    for media in ("nvme", "ssd", "hdd"):
        if group[media + "_bytes"]:
            out["storage.by_media." + media] = group[media + "_bytes"]
    if group["accelerators"] == 0 or used + free > 0:
        out["accelerators.used"], out["accelerators.free"] = used, free
    return out


def figure(group, path):
    for name in path.split("."):
        group = group.get(name) if isinstance(group, dict) else None
    return int(group) if isinstance(group, str) else group


def ask(url, by, cursor):
    query = urllib.parse.urlencode({"group_by": by, "cursor": cursor, "limit": 1000})
    with urllib.request.urlopen(url + "/v1/map?" + query, timeout=60) as answer:
        return json.load(answer)


def groups_of(url, by):
    names, groups, cursor = by.split(",") if by else [], {}, "0"
    while cursor is not None:
        page = ask(url, by, cursor)
        if page["resyncing"] is not None:
            raise ValueError("the map is resyncing: " + str(page["resyncing"]))
        for group in page["groups"] or ([page["total"]] if not by else []):
            groups[tuple(group["key"].get(name) for name in names)] = group
        cursor = page["next"]
    return groups


def compare(url, by, truth):
    seen, wrong, figures = groups_of(url, by), 0, 0
    for key in sorted(set(truth) | set(seen), key=str):
        place = by + "=" + "/".join(map(str, key)) if by else "total"
        if key not in truth and figure(seen[key], "nodes.installed") == 0:
            continue  # only nodes that are quarantined, retired or not believed
        if key not in seen or key not in truth:
            print(place + ": " + ("not on the map" if key not in seen else "on the map and not true"))
            wrong += 1
            continue
        for name, value in expected(truth[key]).items():
            figures += 1
            if figure(seen[key], name) != value:
                print("%s: %s is %s on the map, true is %s" % (place, name, figure(seen[key], name), value))
                wrong += 1
    print("by %s: %d groups, %d figures, %d differences" % (by or "nothing", len(truth), figures, wrong))
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--url")
    parser.add_argument("--by", action="append")
    words = parser.parse_args()
    groupings = words.by or list(DEFAULT)
    for by in groupings:
        if any(name not in DIMENSIONS for name in by.split(",") if name):
            parser.error("--by: known are " + ", ".join(DIMENSIONS))
    truth = sums(words.folders, groupings)
    if not words.url:
        print(json.dumps({by: {"/".join(key): expected(group) for key, group in groups.items()} for by, groups in truth.items()}, indent=1))
        return 0
    wrong = 0
    for by in groupings:
        try:
            wrong += compare(words.url, by, truth[by])
        except (OSError, ValueError) as error:
            print("sum_truth: %s" % error, file=sys.stderr)
            return 2
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
