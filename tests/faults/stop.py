#!/usr/bin/env python3
"""Stops and starts that are meant: SIGTERM under load (F32), two processes on one directory (F30), the guard against crash
loops (F31).
"""
import argparse
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib.encode import Batches  # noqa: E402
from lib.judge import judge  # noqa: E402
from lib.observer import Observer  # noqa: E402
from lib.producer import Memory, Producer  # noqa: E402
from lib.report import Report, finish, seed_of  # noqa: E402
from lib.server import Server, StartFailed  # noqa: E402


def sigterm(report, seed, rounds):
    """Under load it stops within its deadline; requests in hand are answered; nothing acknowledged is lost."""
    batches, memory = Batches(f"{seed}-term"), Memory()
    slowest, codes, hurried, unclean, in_order = 0.0, [], [], 0, 0
    with Server() as server:
        for i in range(rounds):
            server.start()
            if i > 0 and (i - 1) % 2 == 0:
                in_order += 1
                unclean += any("not closed in order" in line for line in server.stderr)
            with Producer(batches, memory, server.http, threads=4):
                time.sleep(1.0)
                before = time.monotonic()
                server.terminate()
                time.sleep(0.05)
                if i % 2 == 1:  # a second one ends it at once, and does no harm
                    if server.running():
                        server.process.send_signal(signal.SIGTERM)
                    hurried.append(server.wait(30))
                else:
                    codes.append(server.wait(30))
                slowest = max(slowest, time.monotonic() - before)
        server.start()
        observer = Observer(server.ui)
        observer.wait_caught_up()
        verdict = judge(batches, memory, observer)
    report.note(memory.summary())
    report.check("SIGTERM under load: stops within 10 s with exit code 0", slowest <= 10 and set(codes) == {0},
                 f"slowest {slowest:.2f} s, exit codes {codes}")
    report.check("SIGTERM twice: ends, at once or in order", set(hurried) <= {0, 143}, f"exit codes {hurried}")
    report.check("SIGTERM under load: every acknowledged span is there exactly once", verdict.ok() and verdict.owed > 0, verdict)
    report.check("SIGTERM under load: the log was closed in order each time", unclean == 0, f"{unclean} of {in_order} not")
    report.check("SIGTERM under load: no refusal was final", not memory.permanent, memory.permanent[:2] or "")


def two_processes(report, seed):
    """The second says at once who is there; the first does not notice."""
    batches, memory = Batches(f"{seed}-two"), Memory()
    with Server() as first:
        first.start()
        with Producer(batches, memory, first.http, threads=2):
            second = Server(directory=first.directory)
            second.forget_starts = False
            began = time.monotonic()
            message = ""
            try:
                second.start(timeout=20)
            except StartFailed as failure:
                message = str(failure)
            took = time.monotonic() - began
            code = second.process.poll()
            second.close()
            time.sleep(0.5)
        report.check("a second process on the directory ends within 2 s and names the first",
                     code not in (None, 0) and took <= 2 and f"process {first.process.pid}" in message,
                     f"{took:.2f} s, exit {code}: {message.splitlines()[-1:]}")
        report.check("the first runs on", first.running())
        observer = Observer(first.ui)
        observer.wait_caught_up()
        verdict = judge(batches, memory, observer)
        report.check("and has every acknowledged span exactly once", verdict.ok() and verdict.owed > 0, verdict)


def crash_loop(report, seed):
    """After three starts within a minute that were killed, the fourth takes spans without the store; later they appear."""
    batches, memory = Batches(f"{seed}-loop"), Memory()
    with Server() as server:
        server.start()
        server.forget_starts = False
        server.kill()
        for _ in range(3):
            try:
                server.start()
            except StartFailed as failure:
                report.check("starts again after a kill", False, failure)
                return
            if _ < 2:
                server.kill()
        health = Observer(server.ui).health()
        report.check("after three unclean stops within a minute it says that the store is left out", not health["store"]["ok"],
                     health["store"]["message"])
        with Producer(batches, memory, server.http, threads=2):
            time.sleep(0.5)
        report.check("and still takes spans", len(memory.acked) > 0, memory.summary())
        server.stop()
        server.forget_starts = True
        server.start()
        observer = Observer(server.ui)
        observer.wait_caught_up()
        verdict = judge(batches, memory, observer)
        report.check("the next start with the store brings them in, each once", verdict.ok() and verdict.owed > 0, verdict)


def refused_at_start(report, seed):
    """What cannot work is refused at start, with the key's path and the reason, and nothing is left running."""
    del seed
    cases = [("redact.patterns[0].regex", ["redact.patterns.0.name=a", "redact.patterns.0.regex=(a+)+$"]),
             ("redact.patterns[0].regex", ["redact.patterns.0.name=a", "redact.patterns.0.regex=(?<=x)y"]),
             ("exporters[0].endpoint", ["exporters.0.name=me", "exporters.0.endpoint=http://localhost:HTTP"]),
             ("exporters[0].endpoint", ["exporters.0.name=me", "exporters.0.protocol=grpc", "exporters.0.endpoint=http://127.0.0.1:GRPC"]),
             ("exporters[0]", ["exporters.0.name=FILE", "exporters.0.endpoint=http://127.0.0.1:9"]),
             ("offload.directory", ["offload.above=64KiB", "offload.directory=/proc/nowhere"]),
             ("offload: give either", ["offload.above=64KiB"]),
             ("retention.policies[0].latency_abov", ["retention.policies.0.latency_abov=1s"]),
             ("restricted.rules[0]", ["restricted.enabled=true", "restricted.key=0123456789abcdef", "restricted.rules.0.name=all"]),
             ("restricted.key", ["restricted.enabled=true", "redact.enabled=true", "restricted.key=short"])]
    for path, settings in cases:
        with Server() as server:
            os.makedirs(os.path.join(server.data, "exporters"), exist_ok=True)
            with open(os.path.join(server.data, "exporters", "taken"), "w", encoding="utf-8") as f:
                f.write("a file where a folder is needed")
            server.settings = [s.replace("HTTP", str(server.http)).replace("GRPC", str(server.grpc)).replace("FILE", "taken") for s in settings]
            try:
                server.start(timeout=30)
                said = "it started"
            except StartFailed as failure:
                said = str(failure)
            report.check(f"{path} ({settings[-1][:50]})", path in said and server.process.poll() not in (None, 0), said[-400:])
    with Server() as server:
        server.data = "/proc/nowhere/data"
        server.forget_starts = False
        try:
            server.start(timeout=30)
            said = "it started"
        except StartFailed as failure:
            said = str(failure)
        report.check("data (a directory that cannot be made)", "data" in said and "/proc/nowhere" in said, said[-400:])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", default="", help="cases with this in their name")
    arguments = parser.parse_args()
    report = Report("stopping and starting")
    seed, _ = seed_of(arguments)
    for name, case in (("SIGTERM under load", lambda r, s: sigterm(r, s, arguments.rounds)),
                       ("two processes, one directory", two_processes), ("crash loop", crash_loop),
                       ("refused at start", refused_at_start)):
        if arguments.only in name:
            report.case(name, case, seed)
    finish(report)


if __name__ == "__main__":
    main()
