#!/usr/bin/env python3
"""Gives the sites of a deployment what their operators would declare: places, owners, classes, links; and users who log in.

  world.py URL ADMIN_TOKEN_FILE

Places follow from the tile of a division, so they are where no data centre is.
"""
import json
import sys
import urllib.request

url, token_file = sys.argv[1:]
with open(token_file) as file:
    token = file.read().strip()


def ask(path, body=None):
    request = urllib.request.Request(url + path, data=None if body is None else json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json", "Authorization": "Bearer " + token})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


owner_classes = ["government", "state-owned", "private", "foreign-or-joint", "university-or-research"]
owners = [{"name": "owner-%d" % number, "owner_class": name} for number, name in enumerate(owner_classes)]
tiles = {region["code"]: region["tile"] for region in ask("/v1/regions")["regions"] if region["tile"]}
sites, names = [], []
for number, site in enumerate(ask("/v1/sites")["sites"]):
    if not site["region"]:
        continue
    tile = tiles[site["region"][:2]]
    names.append(site["name"])
    sites.append({"name": site["name"], "latitude": round(48 - 3.6 * tile["row"] - 0.37 * (number % 7), 2), "longitude": round(78 + 6.1 * tile["column"] + 0.53 * (number % 5), 2),
                  "owner": owners[number % 5]["name"], "service": ["public", "private", "hybrid"][number % 3], "security_level": number % 4,
                  "industry": ["finance", "transport", "energy"][number % 3], "pue": round(1.2 + (number % 5) / 20, 2), "declared": {"nodes": 10 + number % 5, "accelerators": 8}})
links = [{"name": "trunk-%d" % number, "from": names[number], "to": names[number + 3], "gbps": 100 * (1 + number % 4), "km": 500, "ms": 3} for number in range(0, len(names) - 3, 4)]
ask("/v1/import", {"owners": owners, "sites": sites, "links": links, "pools": [{"site": names[0], "name": "batch", "compute_class": "general"}]})
for name, role in (("duty", "admin"), ("looker", "viewer")):
    ask("/v1/users", {"name": name, "role": role, "password": "a password of %s" % name})
