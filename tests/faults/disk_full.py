#!/usr/bin/env python3
"""No room (F4): the cap of the log, and a small file system of its own that is really full. Refusals are retryable and say when
to come again, queries answer, and it goes on without a restart when there is room again.
"""
import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib.encode import Batches  # noqa: E402
from lib.judge import judge  # noqa: E402
from lib.observer import ApiError, Observer  # noqa: E402
from lib.producer import Memory, Producer  # noqa: E402
from lib.report import Report, finish, seed_of  # noqa: E402
from lib.server import Server  # noqa: E402


def wait_for(condition, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def log_cap(report, seed):
    """Nothing empties the log (the store is off): at the cap every request is refused retryably, and nothing is lost."""
    batches, memory = Batches(f"{seed}-cap"), Memory()
    capped = ["store.enabled=false", "log.max_bytes=24MB", "log.segment_bytes=4MB"]
    with Server(settings=["log.max_bytes=24MB", "log.segment_bytes=4MB"]) as server:
        server.start()  # makes the store's cursor, which then stands still
        server.stop()
        server.start(settings=capped)
        with Producer(batches, memory, server.http, threads=4):
            refused = wait_for(lambda: memory.refused.get(503, 0) >= 8, 30)
            health = Observer(server.ui).health()
            capped_refusals = Observer(server.ui).anomaly("log_disk_cap")
        on_disk = sum(os.path.getsize(os.path.join(server.data, "log", f)) for f in os.listdir(os.path.join(server.data, "log"))
                      if f.endswith((".seg", ".tmp")))
        report.check("at the cap requests are refused with 503 and a delay", refused and memory.refusals_without_delay == 0 and
                     not memory.permanent, f"{memory.summary()} {memory.permanent[:1]}")
        report.check("the log stays under log.max_bytes", on_disk <= 24 << 20, f"{on_disk >> 20} MB")
        report.check("and the refusals are counted", capped_refusals > 0, capped_refusals)
        report.check("health says why", not health["log"]["ok"] or "max_bytes" in health["log"]["message"],
                     health["log"]["message"])
        server.stop()
        server.start()
        observer = Observer(server.ui)
        observer.wait_caught_up()
        count = len(memory.acked)
        with Producer(batches, memory, server.http, threads=1, rate=20_000):
            again = wait_for(lambda: len(memory.acked) > count, 10)
        observer.wait_caught_up()
        report.check("with the store back there is room and spans are taken again", again)
        verdict = judge(batches, memory, observer)
        report.check("every acknowledged span is there exactly once", verdict.ok() and verdict.owed > 0, verdict)


def mount_small(megabytes):
    """A file system of its own, or None where we may not mount."""
    folder = tempfile.mkdtemp(prefix="turnscope-small-")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], capture_output=True, check=False)
    if done.returncode != 0:
        os.rmdir(folder)
        return None
    return folder


def full_disk(report, seed):
    """A file system of 300 MB that somebody else fills while spans come in, and then empties again."""
    folder = mount_small(300)
    if folder is None:
        report.note("NOT DONE: full disk: mounting a small file system needs root")
        return
    batches, memory = Batches(f"{seed}-full"), Memory()
    ballast = os.path.join(folder, "ballast")
    try:
        with Server(directory=folder, settings=["log.segment_bytes=8MB"]) as server:
            server.start()
            with Producer(batches, memory, server.http, threads=4, rate=20_000):
                wait_for(lambda: len(memory.acked) >= 20, 20)
                with open(ballast, "wb") as f, contextlib.suppress(OSError):
                    while True:
                        f.write(b"\0" * (1 << 20))
                        f.flush()
                refused = wait_for(lambda: memory.refused.get(503, 0) >= 8, 60)
                report.check("on a full disk requests are refused with 503 and a delay",
                             refused and memory.refusals_without_delay == 0 and not memory.permanent,
                             f"{memory.summary()} {memory.permanent[:1]}")
                try:
                    spans, _ = Observer(server.ui).trace(batches.trace_id(0).hex())
                    report.check("queries answer on a full disk", spans is not None and len(spans) == batches.spans)
                except ApiError as error:
                    report.check("queries answer on a full disk", False, error)
                os.remove(ballast)
                count = len(memory.acked)
                back = wait_for(lambda: len(memory.acked) > count, 10)
                report.check("spans are taken again within 10 s of room, without a restart", back, server.last_words(4) if not back else "")
                time.sleep(0.5)
            observer = Observer(server.ui)
            observer.wait_caught_up()
            verdict = judge(batches, memory, observer)
            report.check("every acknowledged span is there exactly once", verdict.ok() and verdict.owed > 0, verdict)
            server.stop()
    finally:
        subprocess.run(["umount", "-l", folder], check=False)
        os.rmdir(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", default="", help="cases with this in their name")
    arguments = parser.parse_args()
    report = Report("no room")
    seed, _ = seed_of(arguments)
    for name, case in (("cap of the log", log_cap), ("full disk", full_disk)):
        if arguments.only in name:
            report.case(name, case, seed)
    finish(report)


if __name__ == "__main__":
    main()
