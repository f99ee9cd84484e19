#!/usr/bin/env python3
"""Killed at named places (F2): before and after write, sync, answer, cursor, segment change, intent, insert. The process says
which place it reached before it dies, so each is proven to have been reached. Places are found in the source.
"""
import argparse
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib.backend import Backend  # noqa: E402
from lib.encode import Batches  # noqa: E402
from lib.judge import judge  # noqa: E402
from lib.observer import Observer  # noqa: E402
from lib.producer import Memory, Producer  # noqa: E402
from lib.report import Report, finish, seed_of  # noqa: E402
from lib.server import Server, StartFailed  # noqa: E402

# Not passed by spans that come in; killed there by another test, which names the place.
ELSEWHERE = {"offload.": "tests/faults/offload.py", "renormalise.": "src/sinks/renormaliser_test.cc", "retention.": "tests/faults/retention_test.cc"}
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../src"))


def places():
    found = subprocess.run(["grep", "-rhoE", r'CRASH_POINT\("[a-z0-9_.]+"\)', SOURCE, "--include=*.cc"],
                           capture_output=True, text=True, check=False).stdout
    return sorted(set(re.findall(r'"([^"]+)"', found)))


def passages(place):
    """How often a place is passed before the death: the rare ones at once, the frequent ones in the middle of the load."""
    if "segment" in place or place.startswith("store.migration"):
        return 3
    return 12 if "cursor" in place or place.startswith("store.") else 25


def elsewhere(report, place):
    path = next(p for prefix, p in ELSEWHERE.items() if place.startswith(prefix))
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        report.check(f"{place}: in {path}", place in f.read())


def one(report, random, seed, place, times, rate):
    batches, memory = Batches(f"{seed}-{place}"), Memory()
    reached = 0
    far = Backend()
    settings = ["log.segment_bytes=4MB"]
    if place.startswith(("export.", "sampler.")):
        settings += ["exporters.0.name=far", f"exporters.0.endpoint={far.url()}", "exporters.0.retry.first=50ms"]
    if place.startswith("sampler."):
        settings += ["exporters.0.sampling.enabled=true", "exporters.0.sampling.idle=1s", "exporters.0.sampling.policies.0.keep_percent=100"]
    with Server(settings=settings) as server:
        for _ in range(times):
            n = random.randint(1, passages(place))
            server.spawn(env={"TURNSCOPE_CRASH_POINT": f"{place}:{n}"})
            died_at_start = False
            try:
                server.wait_ready()
            except StartFailed:
                died_at_start = True
            if not died_at_start:
                with Producer(batches, memory, server.http, threads=4, rate=rate):
                    try:
                        server.process.wait(60)
                    except subprocess.TimeoutExpired:
                        report.check(f"{place} is reached under load", False, f"passage {n} not within 60 s")
                        return
                    server.wait()
            if any(f"crash point {place} reached" in line for line in server.stderr):
                reached += 1
            else:
                report.check(f"{place} is reached under load", False, server.last_words())
                return
            server.start()
            # Goes on where it was: new spans are taken, the interrupted work is finished.
            with Producer(batches, memory, server.http, threads=2):
                time.sleep(0.3)
            Observer(server.ui).wait_caught_up()
            if _ + 1 < times:
                server.kill()
        observer = Observer(server.ui)
        observer.wait_caught_up()
        verdict = judge(batches, memory, observer)
    far.close()
    report.check(f"{place}: reached {reached} of {times}, every acknowledged span exactly once",
                 reached == times and verdict.ok() and verdict.owed > 0, verdict)
    if len(settings) > 1:
        lost = {(batches.trace_id(b), batches.span_id(b, i)) for b in memory.acked for i in range(batches.spans)} - far.spans.keys()
        report.check(f"{place}: every acknowledged span was forwarded", not lost, f"{len(lost)} lost")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1, help="deaths at each place")
    parser.add_argument("--rate", type=float, help="spans a second; without: as fast as it can")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", help="places that match this regular expression")
    arguments = parser.parse_args()
    report = Report("killed at named places")
    seed, random = seed_of(arguments)
    for place in places():
        if not arguments.only or re.search(arguments.only, place):
            if place.startswith(tuple(ELSEWHERE)):
                report.case(place, elsewhere, place)
            else:
                report.case(place, one, random, seed, place, arguments.times, arguments.rate)
    finish(report)


if __name__ == "__main__":
    main()
