#!/usr/bin/env python3
"""A loop that sends each of its spans in a request of its own, over kill -9: the store keeps the first ones and few rows for the rest, and
their counts add up to what was sent. A span that was sent again because its answer did not come may count twice, nothing may be missing."""
import argparse
import json
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib.observer import Observer  # noqa: E402
from lib.report import Report, finish, seed_of  # noqa: E402
from lib.server import Server  # noqa: E402
from lib.wire import get, post, request, span  # noqa: E402

KEPT = 100


class Loop:
    """Sends spans under one parent, one a request, each until it is acknowledged."""

    def __init__(self, server, trace, parent, number, spans):
        self.server, self.trace, self.parent, self.number, self.spans = server, trace, parent, number, spans
        self.sent_again = 0
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        for i in range(self.spans):
            one = span("poll", trace_id=self.trace, spanId=f"{self.number + 1:08x}{i + 1:08x}", parentSpanId=self.parent)
            body = json.dumps(request([one])).encode()
            while True:
                try:
                    if post(self.server.http, body, "application/json", timeout=10)[0] == 200:
                        break
                except OSError:
                    time.sleep(0.02)
                self.sent_again += 1


def storm(report, random, spans, kills):
    trace, parent = f"{random.getrandbits(127) + 1:032x}", "00000000000000aa"
    with Server(settings=[f"bounds.storm_spans={KEPT}"]) as server:
        server.start()
        post(server.http, json.dumps(request([span("loop", trace_id=trace, spanId=parent)])).encode(), "application/json")
        loops = [Loop(server, trace, parent, n, spans // 4) for n in range(4)]
        for _ in range(kills):
            time.sleep(random.uniform(0.5, 1.5))
            if any(x.thread.is_alive() for x in loops):
                server.kill()
                server.start()
        for x in loops:
            x.thread.join()
        Observer(server.ui).wait_caught_up()
        again = sum(x.sent_again for x in loops)
        sent = 4 * (spans // 4)
        got = json.loads(get(server.ui, f"/api/v1/traces/{trace}/otlp")[2])
        stand_for = []
        for one in (s for r in got["resourceSpans"] for c in r["scopeSpans"] for s in c["spans"] if s["name"] == "poll"):
            stand_for.append(next((int(a["value"]["intValue"]) for a in one.get("attributes", []) if a["key"] == "turnscope.folded.spans"), 0))
        total = sum(n or 1 for n in stand_for)
        server.stop()
    report.note(f"{sent} spans one by one, {kills} kills, {again} sent again: {stand_for.count(0)} kept, {len(stand_for) - stand_for.count(0)} rows for the rest, {total} in all")
    report.check("every span is counted", sent <= total <= sent + again, f"{total} of {sent}, {again} sent again")
    report.check("the first ones of each start are kept", KEPT <= stand_for.count(0) <= KEPT * (kills + 1) + again, stand_for.count(0))
    report.check("the rest are few rows", len(stand_for) - stand_for.count(0) < sent / 10, len(stand_for) - stand_for.count(0))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--spans", type=int, default=6_000)
    parser.add_argument("--kills", type=int, default=3)
    arguments = parser.parse_args()
    report = Report("a storm of spans, one a request")
    _, random = seed_of(arguments)
    report.case("storm", storm, random, arguments.spans, 0)
    report.case("storm over kill -9", storm, random, arguments.spans, arguments.kills)
    finish(report)


if __name__ == "__main__":
    main()
