"""Reads through the public REST API, as any user."""
import http.client
import json
import time


class ApiError(Exception):
    def __init__(self, status, text):
        super().__init__(f"HTTP {status}: {text[:300]}")
        self.status = status


class Observer:
    def __init__(self, port):
        self.port = port
        self.connection = None

    def get(self, path, timeout=60):
        for attempt in range(1, 8):
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
                self.connection.request("GET", path)
                answer = self.connection.getresponse()
                body = answer.read()
            except (http.client.HTTPException, ConnectionError):
                # Also an answer that broke off: asked again, as a user would.
                self.connection = None
                if attempt == 7:
                    raise
                time.sleep(0.02 if attempt == 1 else 1.0)
                continue
            if answer.status == 503 and attempt < 7 and path.startswith("/api/v1/traces"):
                time.sleep(float(answer.getheader("Retry-After") or 1))
                continue
            break
        if answer.status != 200:
            raise ApiError(answer.status, body.decode(errors="replace"))
        return json.loads(body)

    def health(self):
        return self.get("/api/v1/health")

    def anomaly(self, name):
        return next((a["count"] for a in self.health()["anomalies"] if a["name"] == name), 0)

    def wait_caught_up(self, timeout=120):
        """Until every sink has taken all that is durable; seconds it took."""
        began = time.monotonic()
        while True:
            health = self.health()
            sinks = health["sinks"]
            if sinks and all(s["position"] >= health["log"]["durable"] for s in sinks):
                return time.monotonic() - began
            if time.monotonic() - began > timeout:
                raise TimeoutError(f"sinks did not catch up in {timeout} s: {sinks}, log {health['log']}")
            time.sleep(0.05)

    def trace(self, trace_id):
        """span id → span as OTLP/JSON; None when there is no such trace. Also how many spans the answer held."""
        try:
            answer = self.get(f"/api/v1/traces/{trace_id}/otlp")
        except ApiError as error:
            if error.status == 404:
                return None, 0
            raise
        spans, count = {}, 0
        for resource in answer.get("resourceSpans", []):
            for scope in resource.get("scopeSpans", []):
                for span in scope.get("spans", []):
                    count += 1
                    spans[span["spanId"]] = span
        return spans, count

    def duplicates(self, trace_id, span_id):
        return self.get(f"/api/v1/traces/{trace_id}/spans/{span_id}")["duplicates"]
