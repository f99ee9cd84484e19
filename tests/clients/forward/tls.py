"""Exporters over TLS and mutual TLS to a real Collector: taken with the right certificates, waited for with any others, never sent in the clear."""
import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import urllib.request

import chain
import harness
from recorder import HttpRecorder, spans_of


def certificates(folder):
    """An authority, a server's certificate for 127.0.0.1, a client's, and another authority that nobody knows."""
    at = pathlib.Path(folder)

    def run(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=at)
    for name in ("ca", "other"):
        run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN=test {name}",
            "-keyout", f"{name}.key", "-out", f"{name}.pem")
    for name, extra in (("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth"), ("elsewhere", "subjectAltName=DNS:elsewhere.example")):
        run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (at / f"{name}.ext").write_text(extra)
        run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem")
    return {name: str(at / f"{name}.pem") for name in ("ca", "other", "server", "client", "elsewhere")}


def key(certificate):
    return certificate.removesuffix(".pem") + ".key"


def collector(deps, folder, name, recorder, server, client_ca):
    grpc, http = chain.free_ports(2)
    tls = {"cert_file": server, "key_file": key(server), **({"client_ca_file": client_ca} if client_ca else {})}
    config = {"receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{grpc}", "tls": tls}, "http": {"endpoint": f"127.0.0.1:{http}", "tls": tls}}}},
              "exporters": {"otlphttp": {"endpoint": f"http://127.0.0.1:{recorder.port}"}},
              "service": {"telemetry": {"metrics": {"level": "none"}}, "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["otlphttp"]}}}}
    path = pathlib.Path(folder) / f"{name}.yaml"
    path.write_text(json.dumps(config))
    return chain.Process([str(deps / "bin/otel_collector"), "--config", f"file:{path}"], http, folder, name), grpc, http


def exporter_health(ours):
    with urllib.request.urlopen(f"http://{ours.ready['ui']}/api/v1/exporters", timeout=30) as answer:
        return json.load(answer)["exporters"][0]


def over_tls(binary, deps, protocol, mutual):
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        made = certificates(folder)
        recorder = HttpRecorder()
        stack.callback(recorder.stop)
        there, grpc, http = collector(deps, folder, "tls", recorder, made["server"], made["ca"] if mutual else None)
        stack.callback(there.stop)
        e = "exporters.0."
        base = [e + "name=tls", e + f"protocol={protocol}", e + f"endpoint=https://127.0.0.1:{grpc if protocol == 'grpc' else http}",
                e + "retry.first=50ms", e + "retry.most=500ms"]
        right = [e + f"tls.ca={made['ca']}"] + ([e + f"tls.cert={made['client']}", e + f"tls.key={key(made['client'])}"] if mutual else [])
        wrong = [e + f"tls.ca={made['ca']}"] if mutual else [e + f"tls.ca={made['other']}"]
        # With certificates that do not fit nothing leaves, nothing is lost, and health says why.
        ours = chain.turnscope(binary, folder, base + wrong)
        try:
            requests = chain.sent_fixtures(ours.ready["http"].rsplit(":", 1)[1])
            said = harness.wait_for(lambda: exporter_health(ours)["message"], "health says why")
            if not mutual and protocol == "http" and "certificate" not in said.lower():
                raise harness.Failure(f"health does not speak of the certificate: {said}")
            if recorder.seen():
                raise harness.Failure("spans were taken without the right certificates")
            state = exporter_health(ours)
            if state["ok"] or state["dead_items"] or state["dropped_items"]:
                raise harness.Failure(f"state with wrong certificates: {state}")
        finally:
            ours.stop()
        # With the right ones it goes on where it stood.
        ours = chain.turnscope(binary, folder, base + right)
        stack.callback(ours.stop)
        want, _ = spans_of(requests)
        harness.wait_for(lambda: want.keys() <= spans_of([b for _, _, b in recorder.seen()])[0].keys(), "all spans arrive over TLS")


def another_name_is_not_taken(binary, deps):
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        made = certificates(folder)
        recorder = HttpRecorder()
        stack.callback(recorder.stop)
        there, _, http = collector(deps, folder, "elsewhere", recorder, made["elsewhere"], None)
        stack.callback(there.stop)
        e = "exporters.0."
        ours = chain.turnscope(binary, folder, [e + "name=tls", e + f"endpoint=https://127.0.0.1:{http}", e + f"tls.ca={made['ca']}", e + "retry.first=50ms"])
        stack.callback(ours.stop)
        chain.sent_fixtures(ours.ready["http"].rsplit(":", 1)[1])
        said = harness.wait_for(lambda: exporter_health(ours)["message"], "health says why")
        if recorder.seen() or exporter_health(ours)["ok"]:
            raise harness.Failure(f"a certificate of another name was taken: {said}")


def a_hop_of_two_servers_is_broken(binary, _deps):
    """A forwards to B and B to A: what came round is left out and counted."""
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        ports = chain.free_ports(2)
        e = "exporters.0."
        servers = []
        for i in (0, 1):
            os.makedirs(os.path.join(folder, str(i)))
            command = [binary, "serve", "--data", os.path.join(folder, str(i), "data"), "--listen-grpc", "off", "--listen-http", f"127.0.0.1:{ports[i]}",
                       "--listen-ui", "127.0.0.1:0"]
            for s in ("log_level=warn", "store.enabled=false", e + "name=other", e + f"endpoint=http://127.0.0.1:{ports[1 - i]}", e + "batch.linger=10ms"):
                command += ["--set", s]
            servers.append(harness.Program(command, "turnscope serve"))
            stack.callback(servers[-1].stop)
        chain.sent_fixtures(ports[0])

        def broken():
            total = 0
            for s in servers:
                with urllib.request.urlopen(f"http://{s.ready['ui']}/api/v1/health", timeout=30) as answer:
                    total += sum(a["count"] for a in json.load(answer)["anomalies"] if a["name"] == "exporter_loop_broken")
            return total
        harness.wait_for(broken, "the loop is broken and counted")
        positions = lambda: [exporter_health(s)["items"] for s in servers]  # noqa: E731
        harness.wait_for(lambda: all(exporter_health(s)["lag_records"] == 0 for s in servers), "both have caught up")
        before = positions()
        # One more request goes through both once, and not again.
        before_count = broken()
        chain.sent_fixtures(ports[1])
        harness.wait_for(lambda: broken() > before_count and all(exporter_health(s)["lag_records"] == 0 for s in servers), "and again")
        if any(b - a > 5_000 for a, b in zip(before, positions())):
            raise harness.Failure(f"spans go round: {before} → {positions()}")


CASES = [(f"TLS over {p}{' with client certificates' if m else ''}", lambda b, d, p=p, m=m: over_tls(b, d, p, m)) for p in ("http", "grpc") for m in (False, True)]
CASES += [("TLS: a certificate of another name", another_name_is_not_taken), ("a loop of two servers is broken", a_hop_of_two_servers_is_broken)]
