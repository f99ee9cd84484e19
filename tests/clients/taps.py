"""Taps between a real client and the server: they pass every request on unchanged and write down what was answered."""
import dataclasses
import hashlib
import http.client
import http.server
import threading
import time
from concurrent import futures

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2


@dataclasses.dataclass
class Attempt:
    at: float                  # monotonic seconds, when the answer was passed on
    asked: float               # when the request came
    path: str
    request: str               # hash of the body: equal for a retry
    code: str                  # "200", "503"; "OK", "UNAVAILABLE"
    message: str               # of google.rpc.Status, in whatever encoding it came
    retry_after: float | None  # seconds: Retry-After, or RetryInfo
    response: bytes
    content_type: str = ""
    request_type: str = ""


def retry_info(status: status_pb2.Status) -> float | None:
    for detail in status.details:
        info = error_details_pb2.RetryInfo()
        if detail.Is(info.DESCRIPTOR):
            detail.Unpack(info)
            return info.retry_delay.seconds + info.retry_delay.nanos / 1e9
    return None


class Tap:
    def __init__(self):
        self._lock, self._attempts = threading.Lock(), []

    def _note(self, attempt: Attempt) -> None:
        with self._lock:
            self._attempts.append(attempt)

    def attempts(self, path: str) -> list:
        """Of one signal, in the order they were answered; `path` is a part of the path or method."""
        with self._lock:
            return [attempt for attempt in self._attempts if path in attempt.path]


class HttpTap(Tap):
    def __init__(self, upstream: str):
        super().__init__()
        tap = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body, asked = self._body(), time.monotonic()
                connection = http.client.HTTPConnection(upstream, timeout=60)
                try:
                    headers = {name: value for name, value in self.headers.items()
                               if name.lower() not in ("host", "content-length", "transfer-encoding", "connection")}
                    connection.request("POST", self.path, body, headers)
                    answer = connection.getresponse()
                    content = answer.read()
                finally:
                    connection.close()
                tap._note(Attempt(time.monotonic(), asked, self.path, hashlib.sha256(body).hexdigest(), str(answer.status),
                                  message_of(answer.headers.get("content-type", ""), content) if answer.status >= 400 else "",
                                  float(answer.headers["retry-after"]) if "retry-after" in answer.headers else None, content,
                                  answer.headers.get("content-type", ""), self.headers.get("content-type", "")))
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name.lower() in ("content-type", "retry-after", "content-encoding"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def _body(self) -> bytes:
                if self.headers.get("transfer-encoding", "").lower() != "chunked":
                    return self.rfile.read(int(self.headers.get("content-length", 0)))
                body = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def message_of(content_type: str, body: bytes) -> str:
    """The message of a google.rpc.Status; says so when the body is none in the encoding that its type promises."""
    import json
    if content_type.startswith("application/json"):
        try:
            return json.loads(body)["message"]
        except (ValueError, KeyError, TypeError):
            return "(no google.rpc.Status in JSON)"
    try:
        return status_pb2.Status.FromString(body).message or "(an empty google.rpc.Status)"
    except DecodeError:
        return "(no google.rpc.Status in protobuf)"


def status_in(error: grpc.RpcError) -> status_pb2.Status:
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            return status_pb2.Status.FromString(value)
    return status_pb2.Status()


UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class GrpcTap(Tap):
    def __init__(self, upstream: str):
        super().__init__()
        tap = self
        self._channel = grpc.insecure_channel(upstream, options=UNLIMITED)

        class Forward(grpc.GenericRpcHandler):
            def service(self, call):
                return grpc.unary_unary_rpc_method_handler(lambda request, context: forward(call.method, request, context))

        def forward(method, request, context):
            asked, digest = time.monotonic(), hashlib.sha256(request).hexdigest()
            try:
                response = tap._channel.unary_unary(method)(request, timeout=30)
            except grpc.RpcError as error:
                status = status_in(error)
                tap._note(Attempt(time.monotonic(), asked, method, digest, error.code().name, error.details(), retry_info(status), b""))
                context.set_trailing_metadata(error.trailing_metadata() or ())
                context.abort(error.code(), error.details())
            tap._note(Attempt(time.monotonic(), asked, method, digest, "OK", "", None, response))
            return response

        self._server = grpc.server(futures.ThreadPoolExecutor(8), options=UNLIMITED)
        self._server.add_generic_rpc_handlers((Forward(),))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def stop(self) -> None:
        self._server.stop(None).wait()
        self._channel.close()
