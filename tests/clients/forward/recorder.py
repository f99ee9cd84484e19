"""Far sides that write down what reaches them: OTLP over HTTP and over gRPC."""
import gzip
import http.server
import threading
from concurrent import futures

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class HttpRecorder:
    def __init__(self):
        self.lock = threading.Lock()
        self.requests = []      # (path, headers in lower case, ExportTraceServiceRequest or bytes)
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802: the library's name
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                if self.path.endswith("/v1/traces"):
                    body = ExportTraceServiceRequest.FromString(body)
                with recorder.lock:
                    recorder.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def seen(self):
        with self.lock:
            return list(self.requests)

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class GrpcRecorder(grpc.GenericRpcHandler):
    def __init__(self):
        self.lock = threading.Lock()
        self.requests = []      # (method, metadata, ExportTraceServiceRequest or bytes)
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers((self,))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def service(self, details):
        metadata = {k: v for k, v in details.invocation_metadata}

        def export(body, _):
            if "TraceService" in details.method:
                body = ExportTraceServiceRequest.FromString(body)
            with self.lock:
                self.requests.append((details.method, metadata, body))
            return b""
        return grpc.unary_unary_rpc_method_handler(export)

    def seen(self):
        with self.lock:
            return list(self.requests)

    def stop(self):
        self._server.stop(None)


def spans_of(requests):
    """(trace id, span id) → everything that was said of the span, resource and scope included; and how often it came."""
    spans, times = {}, {}
    for request in requests:
        for rs in request.resource_spans:
            for ss in rs.scope_spans:
                for span in ss.spans:
                    key = (span.trace_id.hex(), span.span_id.hex())
                    spans[key] = (rs.resource.SerializeToString(deterministic=True), ss.scope.SerializeToString(deterministic=True),
                                  span.SerializeToString(deterministic=True))
                    times[key] = times.get(key, 0) + 1
    return spans, times
