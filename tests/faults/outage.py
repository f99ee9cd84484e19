#!/usr/bin/env python3
"""Far sides are away for long, each in a way of its own and all at the same time: down, hanging, slow, 503 and 429 with delays, half
answers, resets, and over gRPC a server that is stopped, killed, or answers UNAVAILABLE with a delay. Under load throughout. Beside it
runs a second server whose far sides are well: the ratio of the two servers' acknowledgement times says whether ingest was slowed,
whatever else the machine does. Then all come back: every span arrived everywhere at least once, none was given up, memory stayed flat.

    tests/faults/outage.py --seconds 600"""
import argparse
import os
import signal
import statistics
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib.backend import Backend  # noqa: E402
from lib.encode import Batches  # noqa: E402
from lib.observer import Observer  # noqa: E402
from lib.producer import Memory, Producer  # noqa: E402
from lib.report import Report, finish, seed_of  # noqa: E402
from lib.server import Server  # noqa: E402
from lib.wait import rss, wait_for  # noqa: E402

MODES = ["ok", "down", "hang", "slow", "busy", "throttled", "half", "reset", "flaky"]
GRPC = ["stopped", "killed", "unavailable"]


def settings(index, name, url, *more):
    e = f"exporters.{index}."
    return [f"{e}name={name}", f"{e}endpoint={url}", f"{e}timeout=5s", f"{e}retry.first=50ms", f"{e}retry.most=2s", f"{e}batch.bytes=256KiB",
            *(e + m for m in more)]


class FarServer:
    """A Turnscope that receives over gRPC and forwards to a backend that remembers; it can be stopped, killed, or so full that it answers
    UNAVAILABLE with RetryInfo."""

    def __init__(self, how):
        self.how = how
        self.backend = Backend()
        self.server = Server(settings=["store.enabled=false", "log.segment_bytes=1MiB", "log.max_bytes=4MiB" if how == "unavailable" else "log.max_bytes=2GiB",
                                       "limits.hold=50ms", "memory.max=300MB", *settings(0, "on", self.backend.url())])
        self.server.start()

    def url(self):
        return f"http://127.0.0.1:{self.server.grpc}"

    def fault(self):
        if self.how == "stopped":
            self.server.process.send_signal(signal.SIGSTOP)
        elif self.how == "killed":
            self.server.kill()
        else:
            self.backend.set("down")    # its log fills up, then it refuses

    def mend(self):
        if self.how == "stopped":
            self.server.process.send_signal(signal.SIGCONT)
        elif self.how == "killed":
            self.server.start()
        else:
            self.backend.set("ok")

    def refusals(self):
        return Observer(self.server.ui).health()["ingest"]["refused_requests"]

    def close(self):
        if self.how == "stopped" and self.server.running():
            self.server.process.send_signal(signal.SIGCONT)
        self.server.close()
        self.backend.close()


def states(observer):
    return {e["name"]: e for e in observer.get("/api/v1/exporters")["exporters"]}


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p))]


def outage(report, seed, seconds, rate):
    batches, calm_batches = Batches(f"{seed}-outage", spans=50), Batches(f"{seed}-calm", spans=50)
    memory, calm_memory = Memory(), Memory()
    backends = {mode: Backend() for mode in MODES}
    well = [Backend() for _ in range(len(MODES) + len(GRPC))]
    far = {how: FarServer(how) for how in GRPC}
    targets = [(mode, backend.url()) for mode, backend in backends.items()] + [(how, there.url(), "protocol=grpc") for how, there in far.items()]
    everywhere = [line for i, target in enumerate(targets) for line in settings(i, *target)]
    beside = [line for i, backend in enumerate(well) for line in settings(i, f"well{i}", backend.url())]
    common = ["store.enabled=false", "log.segment_bytes=16MiB"]
    try:
        with Server(settings=common + everywhere) as server, Server(settings=common + beside) as control:
            server.start()
            control.start()
            observer = Observer(server.ui)
            with Producer(batches, memory, server.http, threads=2, rate=rate), Producer(calm_batches, calm_memory, control.http, threads=2, rate=rate):
                wait_for(lambda: min(b.count() for b in backends.values()) > 300 and min(f.backend.count() for f in far.values()) > 300,
                         "spans arrive everywhere before the fault", 60)
                calm = peak = rss(server)
                for mode, backend in backends.items():
                    backend.set(mode)
                for there in far.values():
                    there.fault()
                began = time.monotonic()
                first, calm_first, acked = len(memory.ack_seconds), len(calm_memory.ack_seconds), len(memory.acked)
                good_lag, unwell = 0.0, set()
                while time.monotonic() - began < seconds:
                    time.sleep(0.2)
                    peak = max(peak, rss(server))
                    seen = states(observer)
                    good_lag = max(good_lag, seen["ok"]["freshness_seconds"])
                    unwell |= {name for name, s in seen.items() if not s["ok"]}
                during, beside_them = memory.ack_seconds[first:], calm_memory.ack_seconds[calm_first:]
                acked = len(memory.acked) - acked
                unavailable = far["unavailable"].refusals()
                for backend in backends.values():
                    backend.set("ok")
                for there in far.values():
                    there.mend()
                back = time.monotonic()
                wait_for(lambda: all(s["ok"] and s["freshness_seconds"] < 2 for s in states(observer).values()), "all catch up under load", 120 + seconds)
                caught_up = time.monotonic() - back
                peak_after = max(peak, rss(server))
            observer.wait_caught_up()
            for there in far.values():
                Observer(there.server.ui).wait_caught_up()
            want = {(batches.trace_id(b), batches.span_id(b, i)) for b in memory.acked for i in range(batches.spans)}
            status = states(observer)
            server.stop()
            control.stop()
        arrived = {**{mode: b.spans for mode, b in backends.items()}, **{how: f.backend.spans for how, f in far.items()}}
        for name, spans in arrived.items():
            lost = len(want - spans.keys())
            twice = sum(spans.values()) - len(spans)
            s = status[name]
            report.check(f"{name}: every span arrived", lost == 0 and s["dead_items"] == 0 and s["dropped_items"] == 0,
                         f"{lost} of {len(want)} lost, {twice} came again, {s['retries']} retries")
    finally:
        for backend in [*backends.values(), *well, *far.values()]:
            backend.close()
    ratio = {p: percentile(during, p) / percentile(beside_them, p) for p in (0.5, 0.9, 0.99)}
    report.note(f"{seconds:.0f} s, {memory.summary()}; all caught up in {caught_up:.1f} s; memory {calm >> 20} → {peak >> 20} MB, catching up {peak_after >> 20} MB")
    report.note("acknowledged in ms (median, 90 %, 99 %) during the outage " + ", ".join(f"{1e3 * percentile(during, p):.1f}" for p in ratio) +
                "; the server beside it " + ", ".join(f"{1e3 * percentile(beside_them, p):.1f}" for p in ratio) +
                "; ratios " + ", ".join(f"{r:.2f}" for r in ratio.values()))
    report.check("all faults were seen", unwell == status.keys() - {"ok", "slow"} or unwell == status.keys() - {"ok"}, sorted(unwell))
    report.check("UNAVAILABLE was answered", unavailable > 0, unavailable)
    report.check("nothing was refused at the receiver", not memory.refused and acked > 0 and statistics.fmean(during) > 0, memory.refused)
    report.check("ingest was not slowed: median within twice that of the server beside it", ratio[0.5] < 2, f"{ratio[0.5]:.2f}")
    report.check("the exporter whose far side is well waited for nobody", good_lag < 2, f"{good_lag:.1f} s")
    report.check("memory stayed flat", peak - calm < 50 << 20, f"{calm >> 20} → {peak >> 20} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=500, help="spans a second, to each of the two servers")
    arguments = parser.parse_args()
    report = Report("all far sides are away")
    seed, _ = seed_of(arguments)
    report.case("outage", outage, seed, arguments.seconds, arguments.rate)
    finish(report)


if __name__ == "__main__":
    main()
