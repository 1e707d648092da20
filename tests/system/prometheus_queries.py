#!/usr/bin/env python3
"""Asks a Prometheus whether it takes what capmap tells, finds its nodes, evaluates its rules, and has data for every query.

  prometheus_queries.py URL QUERIES --capmap URL --nodes N [--limit SECONDS]

QUERIES: lines of file, panel and query with tabs between (packaging/grafana/make_dashboards.py --queries). Exit: 0 so, 1 not (each named).
"""
import argparse
import json
import sys
import time
import urllib.parse
import urllib.request

VARIABLES = {"$instance": ".*", "$region": ".*", "$site": ".*", "$__rate_interval": "15s"}

# Queries that have data only in trouble, or where the hardware tells it, and why.
MAY_BE_EMPTY = {
    "capmap_map_refused_total": "no message was refused by the map",
}


def ask(base, path, **parameters):
    with urllib.request.urlopen(base + path + "?" + urllib.parse.urlencode(parameters), timeout=30) as answer:
        return json.load(answer)["data"]


def faults_of_targets(words):
    """Targets that should be up, and nodes that should be found."""
    targets = ask(words.url, "/api/v1/targets", state="active")["activeTargets"]
    faults = []
    for job in ("capmap", "capmap-agent"):
        health = [one["health"] + " " + one["lastError"] for one in targets if one["labels"]["job"] == job]
        if [word.strip() for word in health] != ["up"]:
            faults.append("job %s: %s" % (job, health))
    nodes = [one for one in targets if one["labels"]["job"] == "node"]
    with urllib.request.urlopen(words.capmap + "/v1/sd/prometheus", timeout=30) as answer:
        told = json.load(answer)
    if len(nodes) != len(told) or not words.nodes - 10 <= len(told) <= words.nodes:
        faults.append("service discovery: %d nodes told, %d targets, %d nodes there" % (len(told), len(nodes), words.nodes))
    for one in nodes:
        found = one["discoveredLabels"]
        for label in ("node", "site", "region", "liveness", "hostname", "service", "verdict"):
            if not found.get("__meta_capmap_" + label):
                return faults + ["service discovery: %s without %s" % (found.get("__address__"), label)]
    return faults


def faults_of_rules(words):
    faults, recorded, alerts = [], 0, 0
    for group in ask(words.url, "/api/v1/rules")["groups"]:
        for rule in group["rules"]:
            if rule["health"] != "ok":
                faults.append("rule %s: %s %s" % (rule["name"], rule["health"], rule.get("lastError", "")))
            if rule["type"] == "alerting":
                alerts += 1
                continue
            recorded += 1
            if not ask(words.url, "/api/v1/query", query=rule["name"])["result"]:
                faults.append("rule %s records nothing" % rule["name"])
    if recorded < 15 or alerts < 20:
        faults.append("%d recording and %d alerting rules" % (recorded, alerts))
    return faults


def faults_of_queries(words, queries):
    faults = []
    for file, panel, query in queries:
        for name, value in VARIABLES.items():
            query = query.replace(name, value)
        if "$" in query:
            faults.append("%s, %s: a variable nobody knows in %s" % (file, panel, query))
            continue
        if not ask(words.url, "/api/v1/query", query=query)["result"] and not any(word in query for word in MAY_BE_EMPTY):
            faults.append("%s, %s: no data for %s" % (file, panel, query))
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("queries")
    parser.add_argument("--capmap", required=True)
    parser.add_argument("--nodes", type=int, required=True)
    parser.add_argument("--limit", type=int, default=120)
    words = parser.parse_args()
    with open(words.queries, encoding="utf-8") as file:
        queries = [line.rstrip("\n").split("\t") for line in file]
    until, faults = time.monotonic() + words.limit, ["nothing was asked"]
    while faults and time.monotonic() < until:
        time.sleep(2)
        try:
            faults = faults_of_targets(words) + faults_of_rules(words) + faults_of_queries(words, queries)
        except OSError as error:
            faults = ["no answer: %s" % error]
    for fault in faults:
        print("prometheus_queries: " + fault)
    print("prometheus_queries: %d queries of dashboards, and the rules" % len(queries))
    return 1 if faults or len(queries) < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
