#!/usr/bin/env python3
"""kill -9 at random moments of full load (F1, F2 without points): nothing acknowledged is lost, nothing is stored twice.

Each round: the server runs under full load, is killed at a random moment, and is started again on the same directory. After the
last round the load stops, the sinks catch up, and every batch is looked at through the REST API.
"""
import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from lib.encode import Batches  # noqa: E402
from lib.judge import judge  # noqa: E402
from lib.observer import Observer  # noqa: E402
from lib.producer import Memory, Producer  # noqa: E402
from lib.report import Report, finish, seed_of  # noqa: E402
from lib.server import Server  # noqa: E402


def life(report, random, seed, rounds, number, arguments):
    """One data directory, killed `rounds` times, then judged."""
    batches, memory = Batches(f"{seed}-{number}"), Memory()
    slowest = 0.0
    segment = arguments.segment or ("8MB" if arguments.small_segments else None)
    with Server(settings=[f"log.segment_bytes={segment}"] if segment else []) as server:
        server.start()
        with Producer(batches, memory, server.http, threads=4, rate=arguments.rate):
            for _ in range(rounds):
                pause = random.uniform(arguments.least, arguments.most)
                try:
                    server.process.wait(pause)
                    report.check("the server runs until it is killed", False, server.last_words())
                    return
                except Exception:  # noqa: BLE001: TimeoutExpired: still running, as it should
                    pass
                server.kill()
                slowest = max(slowest, server.start())
        observer = Observer(server.ui)
        caught_up = observer.wait_caught_up()
        verdict = judge(batches, memory, observer)
        lost_in_log = {n: observer.anomaly(n) for n in ("log_corrupt_record", "log_segment_missing", "log_bytes_skipped")}
        code = server.stop()
    report.note(f"{rounds} kills, {memory.summary()}; caught up in {caught_up:.1f} s; slowest start {slowest:.2f} s")
    report.check(f"after {rounds} kills every acknowledged span is there exactly once", verdict.ok() and verdict.owed > 0, verdict)
    report.check("ready again within 5 s of each kill", slowest <= 5, f"slowest {slowest:.2f} s")
    report.check("the log calls none of it damage", not any(lost_in_log.values()), lost_in_log)
    report.check("every refusal said when to come again, and none was final",
                 memory.refusals_without_delay == 0 and not memory.permanent, memory.permanent[:2] or "")
    report.check("and it stops in order afterwards", code == 0, f"exit {code}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--least", type=float, default=0.2, help="seconds under load before a kill, at least")
    parser.add_argument("--most", type=float, default=3.0, help="… at most")
    parser.add_argument("--rate", type=float, help="spans a second; without: as fast as it can")
    parser.add_argument("--rounds-each", type=int, default=20, help="a fresh data directory after so many kills")
    parser.add_argument("--segment", help="log.segment_bytes, as 64KiB")
    parser.add_argument("--small-segments", action="store_true", help="8 MB segments: kills meet rotation and deletion")
    arguments = parser.parse_args()
    report = Report("kill -9 under load")
    seed, random = seed_of(arguments)
    left, number = arguments.rounds, 0
    while left > 0:
        rounds = min(left, arguments.rounds_each)
        report.case("kill -9", life, random, seed, rounds, number, arguments)
        left -= rounds
        number += 1
    finish(report)


if __name__ == "__main__":
    main()
