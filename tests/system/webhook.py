#!/usr/bin/env python3
"""A receiver of alerts on a free port of loopback, and what it got.

  webhook.py SECRET_FILE JOURNAL [--refuse N]            prints port=N; answers the first N requests with 503, all others with 204;
                                                         JOURNAL gets a line a request: {"status", "headers", "body"}
  webhook.py SECRET_FILE JOURNAL --check NAME --not NAME   exit 0: the site of the first name went dark, told once in the end and signed; each
                                                         request was signed; the other site was not told
"""
import argparse
import hashlib
import hmac
import http.server
import json
import sys


def signature(secret, timestamp, body):
    return "v1=" + hmac.new(secret, (timestamp + "." + body).encode(), hashlib.sha256).hexdigest()


def serve(words):
    seen = 0

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            nonlocal seen
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            seen += 1
            status = 503 if seen <= words.refuse else 204
            with open(words.journal, "a", encoding="utf-8") as file:
                file.write(json.dumps({"status": status, "headers": dict(self.headers), "body": body}) + "\n")
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    print("port=%d" % server.server_port, flush=True)
    server.serve_forever()


def check(words, secret):
    with open(words.journal, encoding="utf-8") as file:
        requests = [json.loads(line) for line in file]
    faults = []
    for one in requests:
        headers = one["headers"]
        if headers.get("Capmap-Signature") != signature(secret, headers.get("Capmap-Timestamp", ""), one["body"]):
            faults.append("not signed: " + one["body"])
        if headers.get("Capmap-Alert-Id") != json.loads(one["body"])["id"]:
            faults.append("another id in the header: " + one["body"])
    if not any(one["status"] == 503 for one in requests):
        faults.append("nothing was refused")
    taken = [json.loads(one["body"]) for one in requests if one["status"] == 204]
    ids = [alert["id"] for alert in taken]
    if len(ids) != len(set(ids)):
        faults.append("told twice: %s" % ids)
    refused = {json.loads(one["body"])["id"] for one in requests if one["status"] == 503}
    if not refused <= set(ids):
        faults.append("refused once and not told again: %s" % (refused - set(ids)))
    dark = [alert for alert in taken if alert["kind"] == "site_dark" and alert["state"] == "firing"]
    about = lambda name: [alert for alert in dark if "site %s:" % name in alert["text"]]
    if len(about(words.check)) != 1:
        faults.append("%s was told %d times" % (words.check, len(about(words.check))))
    if about(words.without):
        faults.append("%s was told" % words.without)
    for fault in faults:
        print("webhook: " + fault)
    print("webhook: %d requests, %d alerts" % (len(requests), len(taken)))
    return 1 if faults else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("secret")
    parser.add_argument("journal")
    parser.add_argument("--refuse", type=int, default=0)
    parser.add_argument("--check")
    parser.add_argument("--not", dest="without", default="")
    words = parser.parse_args()
    if words.check is None:
        return serve(words)
    with open(words.secret, "rb") as file:
        return check(words, file.read().strip())


if __name__ == "__main__":
    sys.exit(main())
