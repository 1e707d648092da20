#!/usr/bin/env python3
"""Sums what capmap-fleet wrote as true, and holds /v1/map of a live controller to it, figure by figure.

  sum_truth.py FOLDER [FOLDER...] [--by DIMENSION,...]                      prints the sums as JSON
  sum_truth.py FOLDER [FOLDER...] --url http://127.0.0.1:8470 [--by ...]... compares; each --by is one comparison (default: several, the
                                                                            last of them cell by cell)
      --filter TEXT   only what of the map fulfils it, where the truth is of some nodes alone; others may be resyncing then
      --at TIME [--chips NAME]  of the map as it was, which history tells without what was used
      --reasons       also asks for each node that must be in no total: it is not, and the reason is the true one

FOLDER holds machines.csv and nodes.*.csv, and orders.csv where make_orders.py put nodes into pools and out of service. All sums are
Python's integers, and nothing here comes from the controller's sources. The map must be quiet meanwhile. Prints every difference with its
place, then a line a grouping. Exit: 0 all equal, 1 differences, 2 not comparable.
"""
import argparse
import csv
import glob
import json
import os
import sys
import urllib.parse
import urllib.request
from collections import defaultdict

DIMENSIONS = ("region_2", "site", "compute_class", "architecture", "cpu_model", "liveness", "pool", "hardware", "service_state", "verdict")
CELL = "site,pool,hardware,liveness,service_state,verdict"
DEFAULT = ("", "region_2", "site", "pool", "site,cpu_model,liveness", CELL)
MIB, MB = 1 << 20, 10 ** 6
CAPACITY = ("packages", "cores", "pus", "memory_bytes", "accelerators", "nics", "nic_mbps", "nvme_bytes", "ssd_bytes", "hdd_bytes",
            "cpu_fp64_mflops", "cpu_fp32_mflops", "accelerator_fp32_mflops", "accelerator_fp16_mflops")
# Of available nodes: sums, then the greatest of one node.
SUMS = ("busy", "cpu_free", "cpu_unknown", "memory_used", "memory_free", "memory_unknown", "storage_used", "storage_free", "storage_unknown",
        "receive", "receive_unknown", "transmit", "transmit_unknown", "watts", "power_unknown", "used", "free", "unhealthy")
TOPS = ("top_cores", "top_gib", "top_accelerators")
MOST_BUCKET, MOST_TOLD_ACCELERATORS = 23, 17


def number(text):
    return int(text) if text != "" else None


def read(folders):
    """(node, machine) of each server, with pool and service_state."""
    for folder in folders:
        with open(folder + "/machines.csv", newline="") as file:
            machines = {row["machine"]: row for row in csv.DictReader(file)}
        for row in machines.values():
            for name in CAPACITY:
                row[name] = int(row[name])
        orders = {}
        if os.path.exists(folder + "/orders.csv"):
            with open(folder + "/orders.csv", newline="") as file:
                orders = {row["node"]: row for row in csv.DictReader(file)}
        for path in sorted(glob.glob(folder + "/nodes.*.csv")):
            with open(path, newline="") as file:
                for node in csv.DictReader(file):
                    order = orders.get(node["node"], {})
                    node["pool"] = order.get("pool", "")
                    node["service_state"] = order.get("service_state", "") or "in_service"
                    if node["liveness"] != "absent":
                        yield node, machines[node["machine"]]


def floor_of(value):
    """The least value of the bucket of powers of two that holds it."""
    bucket = min(value.bit_length(), MOST_BUCKET)
    return 1 << (bucket - 1) if bucket else 0


def add_use(cell, node, machine):
    """What one available node uses and has free."""
    def add(used, free, unknown, value, whole, unit):
        if value is None:
            cell[unknown] += 1
            return None
        left = max(0, whole - value)
        cell[used] += value * unit
        cell[free] += left * unit
        return left

    millicores = add("busy", "cpu_free", "cpu_unknown", number(node["cpu_busy_millicores"]), int(node["pus_allowed"]) * 1000, 1)
    if millicores is not None:
        cell["top_cores"] = max(cell["top_cores"], floor_of(millicores // 1000))
    total = number(node["memory_total_mib"])
    mib = add("memory_used", "memory_free", "memory_unknown", number(node["memory_used_mib"]), total or 0, MIB)
    if mib is not None:
        cell["top_gib"] = max(cell["top_gib"], floor_of(mib // 1024))
    disks = machine["nvme_bytes"] + machine["ssd_bytes"] + machine["hdd_bytes"]
    add("storage_used", "storage_free", "storage_unknown", number(node["storage_used_mb"]), disks // MB, MB)
    for name, column in (("receive", "network_receive_kbps"), ("transmit", "network_transmit_kbps"), ("watts", "power_watts")):
        value = number(node[column])
        if value is None:
            cell["power_unknown" if name == "watts" else name + "_unknown"] += 1
        else:
            cell[name] += value
    for name in ("used", "free", "unhealthy"):
        cell[name] += int(node["accelerators_" + name])
    cell["top_accelerators"] = max(cell["top_accelerators"], min(int(node["accelerators_free"]), MOST_TOLD_ACCELERATORS))


def cells_of(folders):
    """{(place of dimensions, machine): {figure: int}} of all that is in totals, and the nodes that must not be."""
    cells, doubted, machines = {}, [], {}
    for node, machine in read(folders):
        if node["doubt"]:
            doubted.append(node)
            continue
        if node["service_state"] in ("retired", "quarantined"):
            continue
        key = (node["region"], node["site"], node["compute_class"], node["pool"], machine["hardware"], node["liveness"],
               node["service_state"], node["verdict"])
        cell = cells.get(key)
        if cell is None:
            cell = cells[key] = defaultdict(int)
            machines[machine["hardware"]] = machine
        cell["nodes"] += 1
        if node["liveness"] == "fresh" and node["service_state"] == "in_service":
            cell["available"] += 1
            add_use(cell, node, machine)
    return cells, machines, doubted


def fold(cells, machines, by):
    """{key tuple: {figure: int}} of one grouping."""
    groups, names = {}, by.split(",") if by else []
    for (region, site, compute_class, pool, hardware, liveness, service, verdict), cell in cells.items():
        machine = machines[hardware]
        place = {"region_2": region[:2], "site": site, "compute_class": compute_class, "architecture": machine["architecture"],
                 "cpu_model": machine["cpu_model"], "liveness": liveness, "pool": pool, "hardware": hardware, "service_state": service,
                 "verdict": verdict}
        group = groups.setdefault(tuple(place[name] for name in names), defaultdict(int))
        nodes, available = cell["nodes"], cell["available"]
        group["nodes"] += nodes
        group["available"] += available
        group["nodes." + liveness] += nodes
        healthy = nodes if liveness == "fresh" else 0
        group["healthy"] += healthy
        for name in CAPACITY:
            group[name] += nodes * machine[name]
            group["healthy." + name] += healthy * machine[name]
            group["available." + name] += available * machine[name]
        for name in SUMS:
            group[name] += cell[name]
        for name in TOPS:
            group[name] = max(group[name], cell[name])
    return groups


def expected(group):
    """The figures of one group under the names /v1/map gives them."""
    nodes, available = group["nodes"], group["available"]

    def told(name, unknown):
        return group[name] if available > group[unknown] else None

    used, free = group["used"], group["free"]
    disks = group["nvme_bytes"] + group["ssd_bytes"] + group["hdd_bytes"]
    use_unknown = group["available.accelerators"] - used - free - group["unhealthy"]
    out = {"nodes.installed": nodes, "nodes.healthy": group["healthy"], "nodes.available": available, "nodes.fresh": group["nodes.fresh"],
           "nodes.lost": group["nodes.lost"], "nodes.stale": 0, "nodes.resyncing": 0, "nodes.hardware_unknown": 0,
           "cpu.packages": group["packages"], "cpu.cores": group["cores"], "cpu.pus": group["pus"],
           "cpu.busy_millicores": told("busy", "cpu_unknown"), "cpu.free_millicores": told("cpu_free", "cpu_unknown"),
           "cpu.use_unknown_nodes": group["cpu_unknown"], "memory.installed_bytes": group["memory_bytes"], "memory.unknown_nodes": 0,
           "memory.used_bytes": told("memory_used", "memory_unknown"), "memory.free_bytes": told("memory_free", "memory_unknown"),
           "memory.use_unknown_nodes": group["memory_unknown"], "power.watts": told("watts", "power_unknown"),
           "power.unknown_nodes": group["power_unknown"], "accelerators.installed": group["accelerators"],
           "accelerators.use_unknown": use_unknown, "storage.installed_bytes": disks, "storage.unknown_disks": 0,
           "storage.used_bytes": told("storage_used", "storage_unknown"), "storage.free_bytes": told("storage_free", "storage_unknown"),
           "storage.use_unknown_nodes": group["storage_unknown"],
           "storage.advanced_permille": (group["nvme_bytes"] + group["ssd_bytes"]) * 1000 // disks if disks else None,
           "network.nics": group["nics"], "network.speed_mbps": group["nic_mbps"], "network.speed_unknown": 0,
           "network.receive_kbps": told("receive", "receive_unknown"), "network.transmit_kbps": told("transmit", "transmit_unknown"),
           "network.use_unknown_nodes": max(group["receive_unknown"], group["transmit_unknown"]),
           "largest_free.cores": group["top_cores"], "largest_free.memory_gib": group["top_gib"],
           "largest_free.accelerators": group["top_accelerators"], "stale_permille": -(-(nodes - group["nodes.fresh"]) * 1000 // nodes),
           "unknown_permille": 0, "unrated_permille": 0, "peak.unrated.nodes": 0,
           "accelerators.healthy": group["healthy.accelerators"] - group["unhealthy"],
           "accelerators.available": group["available.accelerators"] - group["unhealthy"]}
    for media in ("nvme", "ssd", "hdd"):
        out["storage.by_media." + media] = group[media + "_bytes"] or None
    for prefix, place in (("", "peak."), ("healthy.", "peak.healthy."), ("available.", "peak.available.")):
        for unit, precisions in (("cpu", ("fp64", "fp32")), ("accelerator", ("fp32", "fp16"))):
            for precision in precisions:
                value = group["%s%s_%s_mflops" % (prefix, unit, precision)]
                out[place + ("cpu" if unit == "cpu" else "accelerators") + ".%s_mflops" % precision] = value or None
    for word in ("healthy", "available"):
        for name in ("packages", "cores", "pus"):
            out["cpu.%s.%s" % (word, name)] = group["%s.%s" % (word, name)]
        out["memory.%s_bytes" % word] = group[word + ".memory_bytes"]
    if group["accelerators"] == 0 or used + free > 0 or (use_unknown == 0 and available > 0):
        out["accelerators.used"], out["accelerators.free"] = used, free
    out["models.installed"], out["models.used"], out["models.free"] = group["accelerators"], used, free
    return out


def figure(group, path):
    names = path.split(".")
    if names[0] == "models":  # what the map tells model by model, together
        return sum(model[names[1]] for model in group["accelerators"]["by_model"].values())
    for name in names:
        group = group.get(name) if isinstance(group, dict) else None
    return int(group) if isinstance(group, str) else group


def ask(url, path, **words):
    query = urllib.parse.urlencode({name: value for name, value in words.items() if value})
    with urllib.request.urlopen(url + path + "?" + query, timeout=120) as answer:
        return json.load(answer)


def pages_of_groups(url, by, only, past):
    names, cursor = by.split(",") if by else [], "0"
    while cursor is not None:
        page = ask(url, "/v1/map", group_by=by, cursor=cursor, limit=1000, filter=only, **past)
        if page["resyncing"] is not None and not only:
            raise ValueError("the map is resyncing: " + str(page["resyncing"]))
        for group in page["groups"] or ([page["total"]] if not by else []):
            yield tuple(group["key"].get(name) or "" for name in names), group
        cursor = page["next"]


def compare(url, by, truth, only, past):
    left, wrong, figures, many = dict(truth), 0, 0, len(truth)
    for key, seen in pages_of_groups(url, by, only, past):
        place = by + "=" + "/".join(key) if by else "total"
        true = left.pop(key, None)
        if true is None:
            if figure(seen, "nodes.installed") != 0:  # else only nodes that are quarantined, retired or not believed
                print(place + ": on the map and not true")
                wrong += 1
            continue
        for name, value in expected(true).items():
            figures += 1
            if figure(seen, name) != value:
                print("%s: %s is %s on the map, true is %s" % (place, name, figure(seen, name), value))
                wrong += 1
    for key in left:
        print("%s=%s: not on the map" % (by, "/".join(key)))
    print("by %s: %d groups, %d figures, %d differences" % (by or "nothing", many, figures, wrong + len(left)))
    return wrong + len(left)


def nodes_in(url, service_state):
    """{hostname: id} of all nodes in a service state."""
    found, cursor = {}, ""
    while cursor is not None:
        page = ask(url, "/v1/nodes", filter="service_state = " + service_state, limit=1000, cursor=cursor)
        found.update((node["hostname"], node["id"]) for node in page["nodes"])
        cursor = page["next"]
    return found


def compare_reasons(url, doubted):
    # What the map leaves out by itself it shows as quarantined; what an order has retired, as that.
    seen, retired, wrong = nodes_in(url, "quarantined"), nodes_in(url, "retired"), 0
    for node in doubted:
        name = "sim-" + node["node"]
        if name in retired:
            continue
        if name not in seen:
            print("%s: must be in no total (%s) and is not left out" % (name, node["doubt"]))
            wrong += 1
            continue
        told = ask(url, "/v1/nodes/" + seen.pop(name))
        if told["in_totals"] or not any(node["doubt"] in reason for reason in told["verdict_reasons"]):
            print("%s: in_totals %s, reasons %s, true is: %s" % (name, told["in_totals"], told["verdict_reasons"], node["doubt"]))
            wrong += 1
    for name in seen:
        print(name + ": is left out of totals without cause")
    print("left out with its reason: %d nodes, %d differences" % (len(doubted), wrong + len(seen)))
    return wrong + len(seen)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--url")
    parser.add_argument("--by", action="append")
    parser.add_argument("--filter")
    parser.add_argument("--reasons", action="store_true")
    parser.add_argument("--at")
    parser.add_argument("--chips")
    words = parser.parse_args()
    groupings = words.by or list(DEFAULT)
    for by in groupings:
        if any(name not in DIMENSIONS for name in by.split(",") if name):
            parser.error("--by: known are " + ", ".join(DIMENSIONS))
    cells, machines, doubted = cells_of(words.folders)
    if not words.url:
        print(json.dumps({by: {"/".join(key): expected(group) for key, group in fold(cells, machines, by).items()} for by in groupings},
                         indent=1))
        return 0
    wrong = 0
    try:
        for by in groupings:
            wrong += compare(words.url, by, fold(cells, machines, by), words.filter, {"at": words.at, "chips": words.chips})
        if words.reasons:
            wrong += compare_reasons(words.url, doubted)
    except (OSError, ValueError) as error:
        print("sum_truth: %s" % error, file=sys.stderr)
        return 2
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
