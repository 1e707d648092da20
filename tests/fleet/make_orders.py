#!/usr/bin/env python3
"""Puts nodes of a fleet into pools and out of service, and writes down which, so that the fleet's truth has it too.

  make_orders.py FOLDER --url http://127.0.0.1:8470 --admin-token FILE [--seed N]

Three sites get pools, "batch" at each and "web" at the first; about half of their nodes go there. Of all nodes one in ten is draining,
drained, in maintenance or retired, at most 500. FOLDER gets orders.csv: node,pool,service_state, for sum_truth.py.
"""
import argparse
import csv
import random
import sys
from collections import Counter

from make_sites import Api, in_parallel
from sum_truth import ask

STATES = ("draining", "drained", "maintenance", "retired")


def nodes_of(url):
    nodes, cursor = [], ""
    while cursor is not None:
        page = ask(url, "/v1/nodes", limit=1000, cursor=cursor)
        nodes += page["nodes"]
        cursor = page["next"]
    return sorted((node for node in nodes if node["hostname"]), key=lambda node: int(node["hostname"].removeprefix("sim-")))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--url", required=True)
    parser.add_argument("--admin-token", required=True)
    parser.add_argument("--seed", type=int, default=1)
    words = parser.parse_args()
    with open(words.admin_token) as file:
        api = Api(words.url, file.read().strip())
    dice, nodes = random.Random(words.seed), nodes_of(words.url)
    sites = [site for site, _ in Counter(node["site"]["name"] for node in nodes).most_common(3)]
    pools = {site: ["batch"] for site in sites}
    pools[sites[0]].append("web")
    in_parallel(lambda pool: api.post("/v1/pools", {"site": pool[0], "name": pool[1]}), [(s, name) for s in sites for name in pools[s]])
    of_pool = [(node, dice.choice(pools[node["site"]["name"]])) for node in nodes if node["site"]["name"] in pools and dice.random() < 0.5]
    of_state = [(node, STATES[i % len(STATES)]) for i, node in enumerate(dice.sample(nodes, min(500, len(nodes) // 10)))]
    in_parallel(lambda one: api.post("/v1/nodes/%s/pool" % one[0]["id"], {"pool": one[1]}), of_pool)
    in_parallel(lambda one: api.post("/v1/nodes/%s/service" % one[0]["id"], {"state": one[1], "reason": "a trial"}), of_state)
    pool_of, state_of = ({node["hostname"]: word for node, word in some} for some in (of_pool, of_state))
    with open(words.folder + "/orders.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("node", "pool", "service_state"))
        for name in sorted(set(pool_of) | set(state_of)):
            writer.writerow((name.removeprefix("sim-"), pool_of.get(name, ""), state_of.get(name, "")))
    print("%d nodes in pools of %d sites, %d with a service order" % (len(of_pool), len(sites), len(of_state)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
