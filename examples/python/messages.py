"""A client of Anthropic's Messages API with nothing but the standard library: plain and streamed, with retries."""
import json
import time
import urllib.error
import urllib.request


class ModelError(Exception):
    def __init__(self, status, kind, message, attempts):
        super().__init__(message)
        self.status, self.kind, self.attempts = status, kind, attempts


def _assemble(lines, on_text):
    """The message that a stream of server-sent events adds up to."""
    message, partial = {}, {}
    for raw in lines:
        if not raw.startswith(b"data:"):
            continue
        event = json.loads(raw[5:])
        kind = event["type"]
        if kind == "message_start":
            message = event["message"]
        elif kind == "content_block_start":
            message["content"].append(event["content_block"])
        elif kind == "content_block_delta":
            delta, block = event["delta"], message["content"][event["index"]]
            if delta["type"] == "text_delta":
                on_text(delta["text"])
                block["text"] += delta["text"]
            elif delta["type"] == "input_json_delta":
                partial[event["index"]] = partial.get(event["index"], "") + delta["partial_json"]
        elif kind == "content_block_stop" and event["index"] in partial:
            message["content"][event["index"]]["input"] = json.loads(partial[event["index"]] or "{}")
        elif kind == "message_delta":
            message["stop_reason"] = event["delta"].get("stop_reason")
            message["usage"].update(event.get("usage") or {})
        elif kind == "error":
            raise ModelError(200, event["error"]["type"], event["error"]["message"], 1)
    return message


class Client:
    def __init__(self, base_url, api_key, max_retries=2):
        self.base_url, self.api_key, self.max_retries = base_url, api_key, max_retries

    def create(self, request: dict, on_text=lambda text: None, on_retry=lambda error, delay: None) -> dict:
        for attempt in range(self.max_retries + 1):
            try:
                return self._once(request, on_text)
            except urllib.error.HTTPError as failure:
                body = failure.read(65536)
                try:
                    error = json.loads(body)["error"]
                except (ValueError, KeyError, TypeError):
                    error = {"type": "api_error", "message": f"HTTP {failure.code}"}
                problem = ModelError(failure.code, error["type"], error["message"], attempt + 1)
                retryable = failure.code in (408, 409, 429) or failure.code >= 500
                delay = float(failure.headers.get("retry-after") or 0.5 * 2 ** attempt)
            except OSError as failure:
                problem = ModelError(0, "connection_error", str(failure), attempt + 1)
                retryable, delay = True, 0.5 * 2 ** attempt
            if not retryable or attempt == self.max_retries:
                raise problem
            on_retry(problem, delay)
            time.sleep(min(delay, 60))

    def _once(self, request, on_text):
        headers = {"content-type": "application/json", "x-api-key": self.api_key, "anthropic-version": "2023-06-01"}
        call = urllib.request.Request(self.base_url + "/v1/messages", json.dumps(request).encode(), headers)
        with urllib.request.urlopen(call, timeout=120) as response:
            if request.get("stream"):
                return _assemble(response, on_text)
            return json.load(response)
