#!/usr/bin/env python3
"""Makes the sites of a plan at a controller, and a join token for each (or, with --children, one a division that lets a child controller in).

  make_sites.py SITES.csv TOKENS.csv --url http://127.0.0.1:8470 --admin-token FILE [--children]

SITES.csv is what `capmap-fleet --print-sites` prints; TOKENS.csv gets name,token: the key of a division is its two digits.
"""
import argparse
import csv
import http.client
import json
import sys
import threading
import urllib.parse
from collections import defaultdict

CONNECTIONS = 24


class Api:
    def __init__(self, url, token):
        self.host, self.token = urllib.parse.urlparse(url).netloc, token
        self.connections = threading.local()

    def post(self, path, body):
        connection = getattr(self.connections, "mine", None)
        if connection is None:
            connection = self.connections.mine = http.client.HTTPConnection(self.host, timeout=60)
        connection.request("POST", path, json.dumps(body),
                           {"Content-Type": "application/json", "Authorization": "Bearer " + self.token})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError("%s: %d %s" % (path, answer.status, text[:300]))
        return json.loads(text)


def in_parallel(work, items):
    """[item] -> work(item), in order; the first failure is raised."""
    results, failed, lock, queue = [None] * len(items), [], threading.Lock(), iter(enumerate(items))

    def run():
        while not failed:
            with lock:
                at, item = next(queue, (None, None))
            if at is None:
                return
            try:
                results[at] = work(item)
            except Exception as error:  # told to the caller below
                failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sites")
    parser.add_argument("tokens")
    parser.add_argument("--url", required=True)
    parser.add_argument("--admin-token", required=True)
    parser.add_argument("--children", action="store_true")
    words = parser.parse_args()
    with open(words.admin_token) as file:
        api = Api(words.url, file.read().strip())
    with open(words.sites, newline="") as file:
        sites = list(csv.DictReader(file))
    made = in_parallel(lambda site: api.post("/v1/sites", {name: site[name] for name in ("name", "region", "compute_class")}), sites)
    rows = []
    if words.children:
        of_division = defaultdict(list)
        for site, answer in zip(sites, made):
            rows.append((site["name"], answer["id"]))
            of_division[site["region"][:2]].append(answer["id"])
        rows += [(division, api.post("/v1/tokens", {"child_sites": ",".join(ids), "uses": 1, "expires_in_s": 86400})["token"])
                 for division, ids in sorted(of_division.items())]
    else:
        tokens = in_parallel(lambda site: api.post("/v1/tokens", {"site": site["name"], "uses": max(1, int(site["nodes"])),
                                                                  "expires_in_s": 86400})["token"], sites)
        rows = [(site["name"], token) for site, token in zip(sites, tokens)]
    with open(words.tokens, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("name", "token"))
        writer.writerows(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
