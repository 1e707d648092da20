#!/usr/bin/env python3
"""Makes a controller promise things until it dies, and says afterwards which of them are not there.

  promises.py make  JOURNAL --url URL --admin-token FILE --fleet CAPMAP_FLEET [--seed N]   until the controller or SIGTERM ends it
  promises.py check JOURNAL --url URL --admin-token FILE --fleet CAPMAP_FLEET

Promised are sites, pools, tokens, joins, service orders and removals of nodes: what was answered, or a join that was let in. JOURNAL gets
two lines a change, asked and answered, so that what was asked alone may be there or not. Needs a site called "joins".
Exit of check: 0 all there, 1 not, 2 not comparable.
"""
import argparse
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.parse

SITE = "joins"
STATES = ("draining", "drained", "maintenance", "quarantined", "in_service")


class Api:
    def __init__(self, words):
        self.host = urllib.parse.urlparse(words.url).netloc
        with open(words.admin_token) as file:
            self.token = file.read().strip()

    def call(self, method, path, body=None):
        """The answer; raises OSError or http.client.HTTPException where there is none."""
        connection = http.client.HTTPConnection(self.host, timeout=30)
        connection.request(method, path, None if body is None else json.dumps(body),
                           {"Content-Type": "application/json", "Authorization": "Bearer " + self.token})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            raise ValueError("%s %s: %d %s" % (method, path, answer.status, text[:200]))
        return json.loads(text)  # http.client has raised IncompleteRead where the end is missing

    def nodes(self):
        """{id: node} of the nodes of the site, as the map has them: each of them is durable."""
        found, cursor = {}, "0.0"
        while cursor is not None:
            page = self.call("GET", "/v1/nodes?limit=1000&site=%s&cursor=%s" % (SITE, cursor))
            found.update((node["id"], node) for node in page["nodes"])
            cursor = page["next"]
        return found


def join(fleet, token):
    """True when a server was let in by the token; it speaks no more than it must."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([fleet, "--join", token, "--agents", "1", "--seconds", "1", "--keys-file", folder + "/keys"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60, check=False)
    return b"joined agents=1" in done.stdout


class Maker:
    def __init__(self, words, api):
        self.words, self.api, self.dice, self.count = words, api, random.Random(words.seed), 0
        self.tokens = []
        self.journal = open(words.journal, "a", buffering=1)  # lines are out before the next change is asked for

    def change(self, kind, what, ask):
        self.journal.write(json.dumps(["asked", kind, what]) + "\n")
        answer = ask()
        self.journal.write(json.dumps(["answered", kind, what if answer is None else answer]) + "\n")

    def one(self):
        self.count += 1
        name = "p-%d-%d" % (os.getpid(), self.count)
        post = self.api.call
        kind = self.dice.choice(("site", "pool", "token", "order", "order", "removal"))
        nodes = sorted(self.api.nodes()) if kind in ("order", "removal") else []
        if kind == "site":
            self.change("site", name, lambda: post("POST", "/v1/sites", {"name": name, "region": "11"}) and None)
        elif kind == "pool":
            self.change("pool", name, lambda: post("POST", "/v1/pools", {"site": SITE, "name": name}) and None)
        elif kind == "token":
            self.change("token", None, lambda: post("POST", "/v1/tokens", {"site": SITE, "uses": 1000, "expires_in_s": 86400})["token"])
        elif kind == "order" and nodes:
            order = [self.dice.choice(nodes), self.dice.choice(STATES), name]
            self.change("order", order, lambda: post("POST", "/v1/nodes/%s/service" % order[0], {"state": order[1], "reason": name}) and None)
        elif kind == "removal" and len(nodes) > 3:
            node = self.dice.choice(nodes)
            self.change("removal", node, lambda: post("DELETE", "/v1/nodes/" + node) and None)


    def join(self):
        """Beside the other changes: it takes a second."""
        token = self.api.call("POST", "/v1/tokens", {"site": SITE, "uses": 1, "expires_in_s": 3600})["token"]
        if join(self.words.fleet, token):
            for node in self.api.nodes():
                self.journal.write(json.dumps(["answered", "join", node]) + "\n")


    def until_it_dies(self, step):
        try:
            while True:
                step()
        except ValueError as error:  # it is there and refuses: nothing here gives cause for that
            self.journal.write(json.dumps(["refused", "change", str(error)]) + "\n")
        except (OSError, http.client.HTTPException, subprocess.TimeoutExpired):
            pass  # the controller is gone


def make(words):
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    maker = Maker(words, Api(words))
    joins = threading.Thread(target=maker.until_it_dies, args=(maker.join,))
    joins.start()
    maker.until_it_dies(maker.one)
    joins.join()
    return 0


def check(words):
    promised, orders, removed, in_doubt, wrong = {"site": set(), "pool": set(), "token": set(), "join": set()}, {}, set(), set(), []
    with open(words.journal) as file:
        for line in file:
            if not line.endswith("\n"):
                continue
            step, kind, what = json.loads(line)
            if step == "refused":
                wrong.append("a change, refused: " + what)
            elif kind == "order":  # what may be seen of a node: the newest answered, and whatever was asked since
                told = None if what[1] == "in_service" else what[1:]
                orders[what[0]] = [told] if step == "answered" else orders.get(what[0], [None]) + [told]
            elif kind == "removal":
                (removed if step == "answered" else in_doubt).add(what)
            elif step == "answered":
                promised[kind].add(what)
    api = Api(words)
    sites = {site["name"] for site in api.call("GET", "/v1/sites")["sites"]}
    pools = {pool["name"] for pool in api.call("GET", "/v1/pools")["pools"]}
    nodes = api.nodes()
    wrong += ["site " + name for name in promised["site"] - sites] + ["pool " + name for name in promised["pool"] - pools]
    wrong += ["join of " + node for node in promised["join"] - in_doubt - set(nodes)]
    wrong += ["removal of " + node for node in removed & set(nodes)]
    for node, may_be in orders.items():
        if node not in nodes or node in removed:
            continue
        order = api.call("GET", "/v1/nodes/" + node)["service"]
        told = None if order is None or order["state"] == "in_service" else [order["state"], order["reason"]]
        if told not in may_be:
            wrong.append("order of %s: is %s, may be %s" % (node, told, may_be))
    for token in sorted(promised["token"])[-1:]:  # the newest: each use of it is a join
        if not join(words.fleet, token):
            wrong.append("token " + token[:12] + "…")
    for one in wrong:
        print("promised and not there: " + one)
    print("promised and there: %d sites, %d pools, %d tokens, %d joins, %d nodes with orders, %d removals" %
          (len(promised["site"]), len(promised["pool"]), len(promised["token"]), len(promised["join"] - in_doubt), len(orders), len(removed)))
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "check"))
    parser.add_argument("journal")
    parser.add_argument("--url", required=True)
    parser.add_argument("--admin-token", required=True)
    parser.add_argument("--fleet", required=True)
    parser.add_argument("--seed", type=int, default=1)
    words = parser.parse_args()
    try:
        return make(words) if words.what == "make" else check(words)
    except (OSError, http.client.HTTPException, ValueError) as error:
        print("promises: %s" % error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
