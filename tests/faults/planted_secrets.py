#!/usr/bin/env python3
"""Forty shapes of secrets and personal data through the receivers of a server that redacts, forwards, offloads large values and keeps a
stricter tier: not one of them may be found in the data directory, the object store, what exporters send (as it is, stripped, renamed,
in another dialect, JSON), dead letters, the audit trail, the server's output, /metrics or any answer of the API, the tier's too. A second server that does not redact shows that the
search would find them."""
import json
import os
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.dirname(__file__))
from lib.backend import Backend  # noqa: E402
from lib.observer import Observer  # noqa: E402
from lib.report import Report, finish  # noqa: E402
from lib.server import Server, binary  # noqa: E402
from lib.wire import get, post  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
TIER_KEY = "planted-secrets-need-a-key"
LEADS = ("Bearer ", "Basic ", "https://api.example.com/v1?api_key=", "password=")


def shapes():
    with open(os.path.join(ROOT, "tests/fixtures/redact/planted.txt"), encoding="utf-8") as lines:
        return [line.rstrip("\n") for line in lines if line.strip() and not line.startswith("#")]


def core(shape):
    """What of it must not be seen: without the words that may stay readable."""
    for lead in LEADS:
        if shape.startswith(lead):
            return shape[len(lead):]
    return "Zq81mNcV0aLw@" if shape.startswith("https://plant34:") else shape


def text(key, value):
    return {"key": key, "value": {"stringValue": value}}


def everywhere(i, s):
    """One text in every place of a span that holds text."""
    nested = json.dumps([{"role": "user", "parts": [{"type": "tool_call", "arguments": json.dumps({"note": f"use {s} now", s: 1})}]}])
    escaped = '{"note":"' + "".join(f"\\u{ord(c):04x}" for c in s) + '"}'
    span = {
        "traceId": f"{i + 1:032x}", "spanId": f"{i + 1:016x}", "name": f"call {s}", "startTimeUnixNano": str(START + i),
        "endTimeUnixNano": str(START + i + 1000), "traceState": f"k={s}",
        "attributes": [text("plain", s), text("large", f"{'words and words ' * 200}{s}{' and more words' * 200}"), text("gen_ai.input.messages", nested), text("escaped", escaped), text(f"key {s}", "v"),
                       {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": s}]}}},
                       {"key": "map", "value": {"kvlistValue": {"values": [text(f"m {s}", f"in a map: {s}")]}}}],
        "events": [{"timeUnixNano": str(START + i), "name": f"event {s}",
                    "attributes": [text("exception.message", f"failed with {s}"), text("exception.stacktrace", f"at f({s})\nat g")]}],
        "links": [{"traceId": f"{i + 9999:032x}", "spanId": f"{i + 9999:016x}", "attributes": [text("l", s)]}],
        "status": {"code": 2, "message": f"status {s}"}}
    resource = {"attributes": [text("service.name", "planted"), text("note", s)]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "lib", "attributes": [text("s", s)]}, "spans": [span]}]}]}


def log_of(i, s):
    record = {"timeUnixNano": str(START + i), "severityText": "INFO", "body": {"stringValue": f"log {s}"}, "attributes": [text("a", s)]}
    return {"resourceLogs": [{"resource": {"attributes": [text("service.name", "planted")]}, "scopeLogs": [{"logRecords": [record]}]}]}


def metric_of(i, s):
    point = {"timeUnixNano": str(START + i), "asInt": "1", "attributes": [text("a", s)],
             "exemplars": [{"timeUnixNano": str(START + i), "asInt": "1", "filteredAttributes": [text("x", s)]}]}
    return {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": f"m {s}", "gauge": {"dataPoints": [point]}}]}]}]}


def answers(server, planted, tier=False):
    """What the API tells of everything, as one text."""
    out = []
    paths = ["/metrics", "/api/v1/health", "/api/v1/services", "/api/v1/traces?from=now-1h&limit=100", "/api/v1/spans?from=now-1h&limit=100",
             "/api/v1/operations?service=planted&from=now-1h", "/api/v1/facets?row=spans&from=now-1h&fields=service,name",
             "/api/services", "/api/traces?service=planted&limit=100", "/api/v1/keys?from=now-1h"]
    for i in range(len(planted)):
        trace = f"{i + 1:032x}"
        paths += [f"/api/v1/traces/{trace}", f"/api/v1/traces/{trace}/otlp", f"/api/v1/traces/{trace}/spans", f"/api/traces/{trace}",
                  f"/api/v1/traces/{trace}/spans/{i + 1:016x}", f"/api/v1/traces/{trace}/logs"]
    for path in paths:
        out.append(get(server.ui, path)[2].decode(errors="replace"))
        if tier:
            out.append(get(server.ui, path, {"x-turnscope-restricted-key": TIER_KEY, "x-turnscope-reader": "planted"})[2].decode(errors="replace"))
    return "\n".join(out)


def hits(where, content, planted):
    """Also as it would stand inside JSON, and in a URL."""
    found = []
    for s in planted:
        c = core(s)
        if any(form in content for form in (c, json.dumps(c)[1:-1], urllib.parse.quote(c))):
            found.append(f"{where}: {s[:10]}…")
    return found


def send_all(server, planted):
    for i, s in enumerate(planted):
        for path, body in (("/v1/traces", everywhere(i, s)), ("/v1/logs", log_of(i, s)), ("/v1/metrics", metric_of(i, s))):
            status, _, answer = post(server.http, json.dumps(body).encode(), "application/json", path)
            assert status == 200, answer


def files(directory):
    out = []
    for folder, _, names in os.walk(directory):
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                out.append((os.path.relpath(os.path.join(folder, name), directory), f.read().decode("latin-1")))
    return out


def nothing_is_found(report, planted):
    backends = [Backend() for _ in range(4)]
    settings = ["redact.enabled=true", "span_metrics.enabled=true", "restricted.enabled=true", f"restricted.key={TIER_KEY}",
                "offload.above=1KiB", "offload.preview=512"]
    for i, more in enumerate(([], ["content=strip"], ["dialect=openinference", "rename_attributes.plain=renamed"], ["encoding=json"])):
        backends[i].keep_bodies = True
        e = f"exporters.{i}."
        settings += [f"{e}name=far{i}", f"{e}endpoint={backends[i].url()}", f"{e}compression=none", f"{e}restricted=true",
                     f"{e}signals={'traces' if i == 3 else 'traces,logs,metrics'}", *(e + m for m in more)]
    with Server(settings=settings) as server:
        server.settings.append(f"offload.directory={server.directory}/objects")
        server.start()
        send_all(server, planted)
        # A refusal must not echo what it refuses either.
        status, _, refusal = post(server.http, ("{" + planted[0]).encode(), "application/json")
        report.check("bad bytes are refused", status == 400, status)
        observer = Observer(server.ui)
        observer.wait_caught_up()
        found = hits("refusal", refusal.decode(errors="replace"), planted) + hits("API", answers(server, planted, True), planted)
        counted = sum(a["count"] for a in observer.health()["anomalies"] if a["name"].startswith("redact_found_"))
        report.check("found things are counted", counted >= 20 * len(planted), counted)
        offloaded = files(os.path.join(server.directory, "objects"))
        report.check("values were offloaded", len(offloaded) >= len(planted), len(offloaded))
        for i, backend in enumerate(backends):
            with backend.lock:
                sent = b"".join(backend.bodies)
            report.check(f"exporter {i} has sent", len(sent) > 10_000, len(sent))
            found += hits(f"exporter {i}", sent.decode("latin-1"), planted) + hits(f"exporter {i}", sent.decode(errors="replace"), planted)
            backend.close()
        server.stop()
        for name, content in files(server.data):
            found += hits(name, content, planted)
        for name, content in offloaded:
            plain = subprocess.run(["zstd", "-dc"], input=content.encode("latin-1"), capture_output=True, check=True).stdout
            found += hits(name, plain.decode(errors="replace"), planted) + hits(name, name, planted)
        found += hits("stderr", "\n".join(server.stderr), planted)
    report.check("no byte of a planted thing anywhere", not found, found[:12] or "")


def one_exporter_alone(report, planted):
    """Redaction is off, but two exporters redact what they send; a third one does not."""
    backends = [Backend() for _ in range(3)]
    settings = ["offload.above=1KiB", "offload.preview=512"]
    for i, more in enumerate((["redact=true", "signals=traces,logs,metrics"], ["redact=true", "large_values=linked", "dialect=openinference"], [])):
        backends[i].keep_bodies = True
        e = f"exporters.{i}."
        settings += [f"{e}name=far{i}", f"{e}endpoint={backends[i].url()}", f"{e}compression=none", *(e + m for m in more)]
    with Server(settings=settings) as server:
        server.settings.append(f"offload.directory={server.directory}/objects")
        server.start()
        send_all(server, planted)
        Observer(server.ui).wait_caught_up()
        sent = []
        for backend in backends:
            with backend.lock:
                sent.append(b"".join(backend.bodies))
            backend.close()
        server.stop()
    found = [h for i in (0, 1) for h in hits(f"exporter {i}", sent[i].decode("latin-1"), planted) + hits(f"exporter {i}", sent[i].decode(errors="replace"), planted)]
    report.check("an exporter that redacts sends none of it", not found and min(len(s) for s in sent[:2]) > 10_000, found[:12] or "")
    report.check("the other one sends all", len(hits("exporter 2", sent[2].decode(errors="replace"), planted)) == len(planted))
    report.check("large values leave as links where that is asked for", b"turnscope.offloaded.large" in sent[1] and b"turnscope.offloaded" not in sent[0] + sent[2]
                 and len(sent[1]) < len(sent[2]), [len(s) for s in sent])


def the_search_finds(report, planted):
    with Server() as server:
        server.start()
        send_all(server, planted)
        Observer(server.ui).wait_caught_up()
        content = answers(server, planted)
        seen = len({h for h in hits("API", content, planted)})
        server.stop()
        log = "\n".join(c for name, c in files(server.data) if name.startswith("log"))
        in_log = len(hits("log", log, planted))
    report.check("without redaction the same search finds them in answers", seen == len(planted), f"{seen} of {len(planted)}")
    report.check("and in the log", in_log == len(planted), f"{in_log} of {len(planted)}")


def the_command_says_nothing(report, planted):
    result = subprocess.run([binary(), "redact", "test", "-", "--json"], input="\n".join(planted), capture_output=True, text=True, timeout=60, check=False)
    report.check("redact test ends well", result.returncode == 0, result.stderr)
    report.check("and repeats nothing", not hits("redact test", result.stdout + result.stderr, planted),
                 hits("redact test", result.stdout + result.stderr, planted) or "")


def main():
    global START
    import time
    START = time.time_ns() - 60_000_000_000
    planted = shapes()
    report = Report(f"{len(planted)} planted shapes")
    report.case("the search finds", the_search_finds, planted)
    report.case("nothing is found", nothing_is_found, planted)
    report.case("one exporter alone", one_exporter_alone, planted)
    report.case("the command", the_command_says_nothing, planted)
    finish(report)


if __name__ == "__main__":
    main()
