#!/usr/bin/env python3
"""The memory ceiling under overload (F17): many times more than the server can take, compressed and plain, in small and large
requests. It is refused retryably, the process stays below memory.max and is not killed by the kernel's limit around it; what was
acknowledged is there; and it is quick again afterwards (F37).
"""
import argparse
import gzip
import http.client
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib.encode import Batches  # noqa: E402
from lib.judge import judge  # noqa: E402
from lib.limits import MemoryGroup, Peak  # noqa: E402
from lib.observer import Observer  # noqa: E402
from lib.producer import Memory  # noqa: E402
from lib.report import Report, finish, seed_of  # noqa: E402
from lib.server import Server  # noqa: E402
from lib.wire import fresh  # noqa: E402

MB = 1_000_000


class Flood:
    """Connections that send bodies made beforehand, as fast as answers come, and never wait before they try again."""

    def __init__(self, port, bodies, threads, stop):
        self.port, self.bodies, self.stop = port, bodies, stop
        self.lock = threading.Lock()
        self.acked, self.refused, self.other, self.without_delay, self.errors = set(), 0, [], 0, 0
        self.seconds = []
        self.sent = 0
        self.threads = [threading.Thread(target=self._run, args=(i,), daemon=True) for i in range(threads)]
        for t in self.threads:
            t.start()

    def _run(self, number):
        connection = None
        while not self.stop.is_set():
            number += 1
            index = number % len(self.bodies)
            name, body, headers = self.bodies[index]
            began = time.monotonic()
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
                connection.request("POST", "/v1/traces", body, headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                connection = None
                with self.lock:
                    self.errors += 1
                continue
            with self.lock:
                self.sent += len(body)
                if answer.status == 200:
                    self.acked.add(name)
                    self.seconds.append(time.monotonic() - began)
                elif answer.status == 503:
                    self.refused += 1
                    self.without_delay += answer.getheader("Retry-After") is None
                else:
                    self.other.append(answer.status)
            if answer.will_close:
                connection.close()
                connection = None

    def join(self):
        for t in self.threads:
            t.join()


def make_bodies(seed, count):
    """Whole batches, plain and compressed; and padding that is 300 times as large when it is inflated."""
    batches, memory = Batches(f"{seed}-memory", spans=2000), Memory()
    headers = {"Content-Type": "application/x-protobuf"}
    bodies = []
    for i in range(count):
        base = memory.base[i] = time.time_ns()
        body = batches.encode(i, base)
        bodies.append((i, body, headers))
        bodies.append((i, gzip.compress(body, 1), {**headers, "Content-Encoding": "gzip"}))
    # One span with 30 MB of blanks in four attributes: valid, and 30 KB on the wire.
    from lib.encode import field, string_attribute  # noqa: PLC0415
    attributes = b"".join(field(9, string_attribute(f"pad{i}", " " * 7_500_000)) for i in range(4))
    span = field(1, b"\7" * 16) + field(2, b"\7" * 8) + field(5, b"padded") + attributes
    padded = gzip.compress(field(1, field(2, field(2, span))), 6)
    for i in range(max(2, count // 4)):
        bodies.append((f"padded{i}", padded, {**headers, "Content-Encoding": "gzip"}))
    return batches, memory, bodies


def overload(report, seed, store, limit, ceiling, seconds, threads):
    group = MemoryGroup(limit)
    if not group.available:
        report.note("no memory group can be made here: only /proc is watched, nothing would kill")
    settings = [f"memory.max={ceiling}", "log.max_bytes=1GiB", "log_level=warn"]
    if not store:
        settings.append("store.enabled=false")
    batches, memory, bodies = make_bodies(f"{seed}-{store}", 12)
    try:
        with Server(settings=settings, group=group) as server:
            server.start()
            with Peak(server.process.pid) as peak:
                stop = threading.Event()
                flood = Flood(server.http, bodies, threads, stop)
                try:
                    server.process.wait(seconds)
                except Exception:  # noqa: BLE001: TimeoutExpired: it runs on, as it should
                    pass
                stop.set()
                alive = server.running()
                flood.join()
            name = "store on" if store else "store off"
            report.note(f"{name}: {flood.sent >> 20} MB sent, {len(flood.seconds)} requests accepted, {flood.refused} refused, "
                        f"{flood.errors} connections broken; resident at rest {peak.start // MB} MB, peak {peak.peak // MB} MB")
            if not report.check(f"{name}: the process lives", alive, "" if alive else f"exit {server.process.returncode}"):
                return
            report.check(f"{name}: resident memory stays 10% below {limit // MB} MB and below memory.max ({ceiling // MB} MB)",
                         peak.peak <= min(limit * 0.9, ceiling), f"peak {peak.peak // MB} MB")
            report.check(f"{name}: some requests are accepted, the rest refused with 503 and a delay",
                         flood.seconds and not flood.other and flood.without_delay == 0, f"other {flood.other[:3]}")
            if store:
                observer = Observer(server.ui)
                observer.wait_caught_up(300)
                with memory.lock:
                    memory.acked.update(i for i in flood.acked if not isinstance(i, str))
                verdict = judge(batches, memory, observer, sent_times=2, only=sorted(memory.acked))
                report.check(f"{name}: every acknowledged span is there", verdict.ok() and verdict.owed > 0, verdict)
                took = fresh(server.http, observer)
                report.check(f"{name}: afterwards a new span is searchable within 5 s", took is not None, took and f"{took:.2f} s")
            report.check(f"{name}: stops in order", server.stop() == 0)
    finally:
        group.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seconds", type=float, default=12, help="of overload, each with the store and without")
    parser.add_argument("--threads", type=int, default=24)
    arguments = parser.parse_args()
    report = Report("memory ceiling under overload")
    seed, _ = seed_of(arguments)
    report.case("store off", overload, seed, False, 512 << 20, 460 * MB, arguments.seconds, arguments.threads)
    report.case("store on", overload, seed, True, 1500 << 20, 1400 * MB, arguments.seconds, arguments.threads)
    finish(report)


if __name__ == "__main__":
    main()
