#!/usr/bin/env python3
"""The object store of large values is down, hangs, is busy, refuses, answers by halves or resets (F27), with kill -9 in between: spans
are there with their previews all the while, senders are not slowed, the log keeps what is owed; when it is back every value comes,
whole, and the log lets go."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib.bucket import Bucket  # noqa: E402
from lib.observer import Observer  # noqa: E402
from lib.report import Report, finish, seed_of  # noqa: E402
from lib.server import Server  # noqa: E402
from lib.wire import get, post, request, span  # noqa: E402
from lib.wait import rss, wait_for  # noqa: E402

MODES = ["down", "hang", "busy", "denied", "half", "reset"]
OFFLOAD = ["offload.above=4KiB", "offload.preview=512", "log.segment_bytes=1MiB"]


class Sender:
    """Spans with one large value each, some a second; remembers what was acknowledged and how long that took. What was not is sent again
    as it was."""

    def __init__(self, server, random, rate):
        self.server, self.random, self.rate = server, random, rate
        self.lock = threading.Lock()
        self.values = {}        # (trace, span) → text, acknowledged
        self.seconds = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _text(self):
        words = "".join(chr(self.random.randrange(97, 123)) for _ in range(900))
        return f"{self.random.getrandbits(64):x} ü " + words * self.random.choice((6, 6, 6, 40))

    def _run(self):
        while not self._stop.is_set():
            value = self._text()
            one = span("large", attributes={"document": {"stringValue": value}})
            body = json.dumps(request([one])).encode()
            while not self._stop.is_set():
                began = time.monotonic()
                try:
                    status, _, _ = post(self.server.http, body, "application/json", timeout=20)
                except OSError:
                    time.sleep(0.05)
                    continue
                if status == 200:
                    with self.lock:
                        self.values[one["traceId"], one["spanId"]] = value
                        self.seconds.append(time.monotonic() - began)
                    break
                time.sleep(0.1)
            self._stop.wait(1 / self.rate)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def acknowledged(self):
        with self.lock:
            return len(self.values)


def sink(observer, name="offload"):
    return next(s for s in observer.health()["sinks"] if s["name"] == name)


def content(server, key):
    status, headers, body = get(server.ui, f"/api/v1/traces/{key[0]}/spans/{key[1]}/content?path=attributes.document&length=67108864")
    return status, headers.get("x-source"), body.decode()


def away(report, random, seconds, kill, rate):
    bucket = Bucket()
    try:
        with Server(settings=[*OFFLOAD, *bucket.settings()]) as server:
            server.start()
            observer = Observer(server.ui)
            with Sender(server, random, rate) as sender:
                wait_for(lambda: sender.acknowledged() > 2 * rate and sink(observer)["lag_records"] < 5, "values arrive before the fault")
                calm, calm_seconds = rss(server), list(sender.seconds)
                peak, oldest, hidden = calm, None, 0
                for mode in MODES:
                    bucket.set(mode)
                    began = time.monotonic()
                    for part in range(1, 6):
                        wait_for(lambda: time.monotonic() - began >= seconds / len(MODES) * part / 5, "time goes by", seconds + 60)
                        peak = max(peak, rss(server))
                        with sender.lock:
                            some = list(sender.values)[-1:]
                        for key in some:
                            def visible(key=key):
                                spans, _ = observer.trace(key[0])
                                return spans and key[1] in spans
                            try:
                                wait_for(visible, "a new span is found", 10)
                            except TimeoutError:
                                hidden += 1
                            detail = json.loads(get(server.ui, f"/api/v1/traces/{key[0]}/spans/{key[1]}")[2])
                            shown = {a["key"]: a for a in detail["attributes"]}
                            hidden += not (len(shown["document"]["value"].encode()) <= 512 and shown["document"]["cut"])
                        position = observer.health()["log"]["oldest"]
                        oldest = position if oldest is None else oldest
                        if kill and part == 3:
                            server.kill()
                            server.start()
                    state = sink(observer)
                    # Who hangs says nothing: that shows in the lag, and in words when the first request has timed out.
                    report.check(f"{mode}: health tells it", state["lag_records"] > 0 and (mode == "hang" or not state["ok"] and state["message"]), state["message"])
                fault_seconds = sender.seconds[len(calm_seconds):]
                kept = observer.health()["log"]
                bucket.set("ok")
                back = time.monotonic()
                wait_for(lambda: sink(observer)["lag_records"] == 0 or sink(observer)["freshness_seconds"] < 2, "catches up", 180)
                caught_up = time.monotonic() - back
            observer.wait_caught_up()
            missing = [k for k in sender.values if (*k, "document") not in bucket.keys()]
            report.check("every value arrived", not missing and len(sender.values) > 20, f"{len(missing)} of {len(sender.values)} missing")
            wrong = 0
            for key, value in sender.values.items():
                status, source, text = content(server, key)
                wrong += status != 200 or text != value or source != "object-store"
            report.check("each is read back whole through the API", wrong == 0, f"{wrong} of {len(sender.values)}")
            report.check("spans were there with their previews all the while", hidden == 0, hidden)
            report.check("the log kept what was owed", kept["oldest"] <= oldest + 1, (oldest, kept["oldest"]))

            def lets_go():
                # Segments go when a new one begins.
                post(server.http, json.dumps(request([span(attributes={"k": {"stringValue": "y" * 3000}}) for _ in range(200)])).encode(), "application/json")
                return observer.health()["log"]["oldest"] > kept["oldest"]
            wait_for(lets_go, "the log lets go of what was put")
            report.check("afterwards the log lets go", True)
            bad = 0
            for path, packed in list(bucket.objects.items())[:50]:
                plain = subprocess.run(["zstd", "-dc"], input=packed, capture_output=True, check=True).stdout.decode()
                bad += plain not in sender.values.values()
            report.check("objects are zstd of the values", bad == 0, bad)
            server.stop()
    finally:
        bucket.close()
    ratio = statistics.median(fault_seconds) / statistics.median(calm_seconds)
    report.note(f"{len(sender.values)} values; caught up in {caught_up:.1f} s; acknowledged in {1e3 * statistics.median(calm_seconds):.1f} ms before and "
                f"{1e3 * statistics.median(fault_seconds):.1f} ms during the fault (median, ratio {ratio:.2f}); memory {calm >> 20} → {peak >> 20} MB")
    report.check("senders were not slowed", ratio < 2, f"{ratio:.2f}")
    report.check("memory stayed flat", kill or peak - calm < 50 << 20, f"{calm >> 20} → {peak >> 20} MB")


def killed_after_put(report, random):
    """Killed between the object and the cursor: it is put again under the same key."""
    bucket = Bucket()
    try:
        with Server(settings=[*OFFLOAD, *bucket.settings()]) as server:
            for n in (1, 4):
                server.spawn(env={"TURNSCOPE_CRASH_POINT": f"offload.after_put:{n}"})
                server.wait_ready()
                with Sender(server, random, 20) as sender:
                    server.process.wait(60)
                    server.wait()
                report.check(f"offload.after_put is reached, passage {n}", any("crash point offload.after_put reached" in line for line in server.stderr))
                server.start()
                Observer(server.ui).wait_caught_up()
                wrong = sum(content(server, k)[2] != v for k, v in sender.values.items())
                report.check("every value is whole", wrong == 0 and sender.values, f"{wrong} of {len(sender.values)}")
                server.kill()
            report.check("what was put twice has one key", any(n > 1 for n in bucket.puts.values()) and len(bucket.objects) == len(bucket.puts))
    finally:
        bucket.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seconds", type=float, default=18, help="how long it is away, all faults together")
    parser.add_argument("--rate", type=float, default=10, help="large values a second")
    arguments = parser.parse_args()
    report = Report("the object store is away")
    _, random = seed_of(arguments)
    report.case("away", away, random, arguments.seconds, False, arguments.rate)
    report.case("away, killed in each fault", away, random, arguments.seconds, True, arguments.rate)
    report.case("killed after put", killed_after_put, random)
    finish(report)


if __name__ == "__main__":
    main()
