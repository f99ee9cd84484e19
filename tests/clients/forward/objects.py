"""Large values in a real S3 server that checks signatures: put, read back through the API, over kill -9 and while the server is away."""
import contextlib
import json
import os
import subprocess
import tempfile
import urllib.error
import urllib.request

import chain
import harness

KEY, SECRET = "AKIDTURNSCOPE", "a/secret+with=signs"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class S3:
    def __init__(self, deps):
        self.process = subprocess.Popen([str(deps / "bin/s3_server"), KEY, SECRET], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.address = harness.first_line(self.process, "the S3 server").strip()

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def server(binary, folder, address, secret=SECRET):
    command = [binary, "serve", "--data", os.path.join(folder, "data")]
    for port in ("grpc", "http", "ui"):
        command += [f"--listen-{port}", "127.0.0.1:0"]
    for s in ("log_level=warn", "offload.above=16KiB", "offload.preview=1KiB", f"offload.s3.endpoint=http://{address}", "offload.s3.bucket=traces",
              f"offload.s3.access_key={KEY}", "offload.s3.secret_key=${env:TEST_S3_SECRET}"):
        command += ["--set", s]
    os.environ["TEST_S3_SECRET"] = secret
    return harness.Program(command, "turnscope serve")


def get(ours, path):
    try:
        with urllib.request.urlopen(f"http://{ours.ready['ui']}{path}", timeout=60) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as e:
        return e.code, dict(e.headers), e.read()


def send(ours, text, of_event):
    span = {"traceId": TRACE, "spanId": SPAN, "name": "chat", "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000001000000000",
            "attributes": [{"key": "gen_ai.input.messages", "value": {"stringValue": text}}, {"key": "small", "value": {"stringValue": "stays"}}],
            "events": [{"timeUnixNano": "1700000000500000000", "name": "tool result", "attributes": [{"key": "result", "value": {"stringValue": of_event}}]}]}
    body = json.dumps({"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "s"}}]}, "scopeSpans": [{"spans": [span]}]}]}).encode()
    request = urllib.request.Request(f"http://{ours.ready['http']}/v1/traces", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()


def sink(ours, name):
    return next(s for s in json.loads(get(ours, "/api/v1/health")[2])["sinks"] if s["name"] == name)


def values_go_to_a_real_s3(binary, deps):
    messages = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "the document: " + "ünïcode wörds and more; " * 60_000}]}], ensure_ascii=False)
    result = "row,value\n" * 20_000
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        s3 = S3(deps)
        stack.callback(s3.stop)
        # A wrong secret: refused over there, waits here, health says why.
        ours = server(binary, folder, s3.address, "wrong")
        try:
            send(ours, messages, result)
            harness.wait_for(lambda: "SignatureDoesNotMatch" in sink(ours, "offload")["message"], "health tells of the signature")
            if "wrong" in json.dumps(sink(ours, "offload")):
                raise harness.Failure("health repeats the secret")
        finally:
            ours.process.kill()
            ours.process.wait()
        ours = server(binary, folder, s3.address)
        stack.callback(ours.stop)
        harness.wait_for(lambda: sink(ours, "offload")["lag_records"] == 0 and sink(ours, "store")["lag_records"] == 0, "both sinks catch up")
        base = f"/api/v1/traces/{TRACE}/spans/{SPAN}"
        detail = json.loads(get(ours, base)[2])
        shown = {a["key"]: a for a in detail["attributes"]}
        if len(shown["gen_ai.input.messages"]["value"].encode()) > 1024 or not shown["gen_ai.input.messages"]["cut"]:
            raise harness.Failure("the span holds more than a preview")
        json.loads(shown["gen_ai.input.messages"]["value"])
        if "turnscope.offloaded.gen_ai.input.messages" not in shown or shown["small"]["value"] != "stays":
            raise harness.Failure(f"attributes: {list(shown)}")
        for path, whole in (("attributes.gen_ai.input.messages", messages), ("events.0.result", result)):
            status, headers, text = get(ours, f"{base}/content?path={path}&length=67108864")
            if status != 200 or text.decode() != whole or headers.get("x-source") != "object-store":
                raise harness.Failure(f"{path}: {status}, {len(text)} bytes of {len(whole.encode())}")
        status, headers, text = get(ours, f"{base}/content?path=attributes.gen_ai.input.messages&offset=1000000&length=1000")
        if text.decode() not in messages or len(text) > 1000:
            raise harness.Failure("a range is not of the text")
        # While it is away: previews are there, the whole is not, and says so.
        s3.stop()
        status, _, answer = get(ours, f"{base}/content?path=events.0.result")
        if status != 503:
            raise harness.Failure(f"the object store is away: {status} {answer[:200]}")
        if get(ours, base)[0] != 200:
            raise harness.Failure("the span itself cannot be read")


CASES = [("large values go to a real S3 server", values_go_to_a_real_s3)]
