#!/usr/bin/env python3
"""Exporters and the object store connect where the configuration says and nowhere else (S8), and the keys they hold are found nowhere
(S10): not in the data directory, the output, metrics, health, errors that a far side made of our own headers, dead letters, or
`config print`."""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
from lib.backend import Backend  # noqa: E402
from lib.bucket import Bucket  # noqa: E402
from lib.observer import Observer  # noqa: E402
from lib.report import Report, finish  # noqa: E402
from lib.server import Server, StartFailed, binary  # noqa: E402
from lib.wire import get, post, request, send_json, span  # noqa: E402
from lib.wait import wait_for  # noqa: E402


def refused_urls(report):
    """What is no http(s) URL of a host, or holds a key, is refused before anything starts, and the key's path is told."""
    s3 = ["offload.above=4KiB", "offload.s3.bucket=b", "offload.s3.access_key=k", "offload.s3.secret_key=s"]
    for url in ("file:///etc/passwd", "gopher://127.0.0.1:70/x", "ftp://h/x", "dict://h:1/x", "unix:///run/x", "//h/x", "h:4318", "http://", "http://:80/", "http://[::1",
                "http://user:pass-Zq81@h:1/", "http://h:99999/"):
        for settings, key in ((["exporters.0.name=a", f"exporters.0.endpoint={url}"], "exporters[0].endpoint"),
                              (["exporters.0.name=a", "exporters.0.endpoint=http://h:1", f"exporters.0.traces_url={url}"], "exporters[0].traces_url"),
                              ([*s3, f"offload.s3.endpoint={url}"], "offload.s3.endpoint")):
            done = subprocess.run([binary(), "config", "print", *(a for s in settings for a in ("--set", s))], capture_output=True, text=True, timeout=60, check=False)
            said = done.stdout + done.stderr
            if done.returncode == 0 or key not in said or "pass-Zq81" in said:
                report.check(f"{key}={url} is refused", False, (done.returncode, said[-400:]))
                return
    report.check("URLs that are none, or hold a key, are refused with the key's path", True)
    for key, value in (("offload.s3.bucket", "../other"), ("offload.s3.prefix", "../up"), ("offload.s3.region", "a/b"), ("exporters.0.name", "../../x")):
        done = subprocess.run([binary(), "config", "print", *(a for s in [*s3, "offload.s3.endpoint=http://h:1", "exporters.0.endpoint=http://h:1", f"{key}={value}"]
                                                             for a in ("--set", s))], capture_output=True, text=True, timeout=60, check=False)
        report.check(f"{key}={value} is refused", done.returncode != 0, done.stderr[-200:] if done.returncode == 0 else "")


def own_ports(report):
    """Ourselves under every name: spans would go round."""
    with Server() as server:
        for host in ("127.0.0.1", "localhost", "localhost.", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0.0.0.0", "0", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"):
            server.settings = ["store.enabled=false", "exporters.0.name=self", f"exporters.0.endpoint=http://{host}:{server.http}"]
            try:
                server.start(timeout=20)
                report.check(f"http://{host}:{server.http} is told to be ourselves", False, "it started")
                server.kill()
            except StartFailed as failure:
                report.check(f"http://{host}:(own port) is refused", "exporters[0].endpoint" in str(failure), str(failure)[-300:] if "own" not in str(failure) else "")


def redirects(report):
    """An answer that sends us elsewhere is not followed, by nobody."""
    trap, far, bucket = Backend(), Backend(), Bucket()
    far.location = bucket.location = trap.url()
    far.set("elsewhere")
    bucket.set("elsewhere")
    try:
        with Server(settings=["exporters.0.name=far", f"exporters.0.endpoint={far.url()}", "exporters.0.retry.most=200ms", "offload.above=4KiB", *bucket.settings()]) as server:
            server.start()
            one = span("large", attributes={"document": {"stringValue": "x" * 9000}})
            send_json(server.http, [one])
            observer = Observer(server.ui)
            wait_for(lambda: far.requests["elsewhere"] > 1 and len(bucket.heads) > 1, "both are sent elsewhere, more than once")
            health = {s["name"]: s for s in observer.health()["sinks"]}
            report.check("health tells of both", "307" in health["export-far"]["message"] and "307" in health["offload"]["message"],
                         (health["export-far"]["message"], health["offload"]["message"]))
            get(server.ui, f"/api/v1/traces/{one['traceId']}/spans/{one['spanId']}/content?path=attributes.document")
            report.check("nobody came to where it pointed", not trap.requests and not trap.spans, dict(trap.requests))
            far.set("ok")
            bucket.set("ok")
            observer.wait_caught_up()
            report.check("mended, what waited has arrived", far.count() == 1 and len(bucket.objects) == 1, (far.count(), len(bucket.objects)))
            server.stop()
    finally:
        for b in (trap, far, bucket):
            b.close()


def texts_of_spans(report):
    """Links, references and names in spans are texts: nothing is fetched for them, and no file is written beside the object store."""
    trap = Backend()
    with Server() as server:
        objects = os.path.join(server.directory, "objects")
        server.settings += ["offload.above=2KiB", "offload.preview=512", f"offload.directory={objects}"]
        try:
            server.start()
            there = f"{trap.url()}/latest/meta-data/"
            up = "../" * 12 + "tmp/turnscope-was-here"
            keys = {"gen_ai.input.messages_ref": there, "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [
                        {"type": "uri", "uri": there, "modality": "image"}, {"type": "image_url", "image_url": {"url": there}}, {"type": "file", "file_id": there}]}]),
                    "turnscope.offloaded.small": there, "turnscope.offloaded.x": f"file://{up}", "url.full": there, "http.url": there, up: "x" * 5000, "a/../../b": "y" * 5000}
            one = span("asks", attributes={k: {"stringValue": v} for k, v in keys.items()}, links=[{"traceId": "ab" * 16, "spanId": "cd" * 8}])
            one["attributes"].append({"key": "small", "value": {"stringValue": "s"}})
            send_json(server.http, [one])
            observer = Observer(server.ui)
            observer.wait_caught_up()
            base = f"/api/v1/traces/{one['traceId']}"
            answers = [get(server.ui, f"{base}/spans/{one['spanId']}"), get(server.ui, base), get(server.ui, f"{base}/context")]
            for path in ("attributes.small", "attributes.x", f"attributes.{up}", "attributes.gen_ai.input.messages", "../../../../etc/passwd", "attributes.%2e%2e%2f%2e%2e%2fetc%2fpasswd"):
                answers.append(get(server.ui, f"{base}/spans/{one['spanId']}/content?path={path}"))
            report.check("answers are given", all(a[0] in (200, 400, 404) for a in answers) and answers[0][0] == 200, [a[0] for a in answers])
            report.check("none holds a file of the machine", not any(b"root:x:0" in a[2] for a in answers))
            report.check("nobody came to the address in the texts", not trap.requests and not trap.spans, dict(trap.requests))
            outside = [os.path.join(f, n) for f, _, names in os.walk(objects) for n in names if not os.path.realpath(os.path.join(f, n)).startswith(os.path.realpath(objects))]
            inside = [n for _, _, names in os.walk(objects) for n in names]
            report.check("objects lie below their directory only", not outside and len(inside) == 2 and not os.path.exists("/tmp/turnscope-was-here") and
                         not os.path.exists(os.path.join(server.directory, "b.zst")), (outside, inside))
            server.stop()
        finally:
            trap.close()


SECRETS = {"TEST_HEADER": "hdr-Zq81mNcV0aLw-secret", "TEST_GRPC": "grpc-Zq81mNcV0aLw-secret", "TEST_S3_ID": "AKIAZQ81MNCV0ALW93KD", "TEST_S3": "s3/Zq81mNcV0aLw+secret=x",
           "TEST_TIER": "tier-Zq81mNcV0aLw-secret"}


def keys(report):
    """Far sides repeat our headers in their refusals; nothing of it stays anywhere."""
    far, refusing, bucket = Backend(), Backend(), Bucket()
    far.set("forbidden")
    refusing.set("refuse")
    bucket.set("denied")
    settings = ["exporters.0.name=far", f"exporters.0.endpoint={far.url()}", "exporters.0.headers.authorization=Bearer ${env:TEST_HEADER}", "exporters.0.retry.most=200ms",
                "exporters.1.name=refusing", f"exporters.1.endpoint={refusing.url()}", "exporters.1.headers.x-api-key=${env:TEST_HEADER}",
                "exporters.2.name=grpc", "exporters.2.protocol=grpc", "exporters.2.endpoint=http://127.0.0.1:9", "exporters.2.headers.authorization=${env:TEST_GRPC}",
                "exporters.2.retry.most=200ms", "restricted.enabled=true", "restricted.rules.0.attribute=tenant", "restricted.key=${env:TEST_TIER}", "offload.above=4KiB",
                f"offload.s3.endpoint={bucket.url()}", "offload.s3.bucket=traces", "offload.s3.access_key=${env:TEST_S3_ID}", "offload.s3.secret_key=${env:TEST_S3}"]
    try:
        with Server(settings=settings, env=SECRETS) as server:
            server.start()
            send_json(server.http, [span("large", attributes={"document": {"stringValue": "x" * 9000}})])
            observer = Observer(server.ui)
            wait_for(lambda: far.requests["forbidden"] > 2 and len(bucket.heads) > 1 and any(
                e["name"] == "refusing" and e["dead_items"] for e in observer.get("/api/v1/exporters")["exporters"]), "all three have refused")
            wait_for(lambda: not any(s["ok"] for s in observer.health()["sinks"] if s["name"] in ("export-grpc", "offload")), "the others say that they wait")
            texts = {}
            for path in ("/metrics", "/api/v1/health", "/api/v1/exporters", "/api/v1/exporters/refusing/dead-letters", "/api/v1/storage", "/api/v1/restricted/audit", "/api/v1/openapi.yaml"):
                texts[path] = get(server.ui, path)[2].decode(errors="replace")
                texts[path + " with the key"] = get(server.ui, path, {"x-turnscope-restricted-key": SECRETS["TEST_TIER"]})[2].decode(errors="replace")
            for command in (["exporters", "list"], ["exporters", "list", "--json"], ["exporters", "dead-letters", "refusing"]):
                done = subprocess.run([binary(), *command, "--server", f"http://127.0.0.1:{server.ui}"], capture_output=True, text=True, timeout=60, check=False)
                texts[" ".join(command)] = done.stdout + done.stderr
            report.check("the refusals are told", "refused" in texts["/api/v1/exporters/refusing/dead-letters"] and "***" in texts["/api/v1/exporters"],
                         texts["/api/v1/exporters"][:600])
            server.stop()
            texts["output"] = "\n".join(server.stderr)
            for folder, _, names in os.walk(server.data):
                for name in names:
                    with open(os.path.join(folder, name), "rb") as f:
                        texts[os.path.relpath(os.path.join(folder, name), server.data)] = f.read().decode("latin-1")
            with tempfile.TemporaryDirectory() as folder:
                file = os.path.join(folder, "c.yaml")
                with open(file, "w", encoding="utf-8") as f:
                    f.write("{}\n")
                for command in (["config", "print"], ["config", "print", "--effective"]):
                    done = subprocess.run([binary(), *command, "--config", file, *(a for s in settings for a in ("--set", s))], capture_output=True, text=True,
                                          timeout=60, env={**os.environ, **SECRETS}, check=False)
                    report.check(f"{' '.join(command)} prints the exporters", "refusing" in done.stdout, done.stderr[-300:])
                    texts[" ".join(command)] = done.stdout + done.stderr
        heads = "".join(h.decode() for h in far.headers) + "".join(bucket.heads)
        report.check("the far sides did get what they need", SECRETS["TEST_S3_ID"] in "".join(bucket.heads) and far.requests["forbidden"] > 0, heads[:200])
        found = [f"{where}: {name}" for where, text in texts.items() for name, secret in SECRETS.items() if secret in text]
        report.check(f"no key is found in {len(texts)} answers, files and outputs", not found, found or "")
    finally:
        for b in (far, refusing, bucket):
            b.close()


def main():
    report = Report("sinks: where they connect, what they tell")
    for name, case in (("refused URLs", refused_urls), ("own ports", own_ports), ("redirects", redirects), ("texts of spans", texts_of_spans), ("keys", keys)):
        report.case(name, case)
    finish(report)


if __name__ == "__main__":
    main()
