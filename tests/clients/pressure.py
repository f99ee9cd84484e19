"""Ways to make the server say "not now", and to stop making it."""
import os
import socket
import threading
import time

import grpc

from taps import UNLIMITED

TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


class StuckUpload:
    """A request whose body does not come: its announced bytes count as in flight until release()."""

    def __init__(self, http: str, announced: int):
        host, port = http.rsplit(":", 1)
        self._socket = socket.create_connection((host, int(port)), timeout=10)
        self._socket.sendall((f"POST /v1/traces HTTP/1.1\r\nHost: {http}\r\nContent-Type: application/x-protobuf\r\n"
                              f"Content-Length: {announced}\r\n\r\n").encode() + bytes(announced - 1))

    def release(self) -> None:
        self._socket.close()


class Flood:
    """Large valid requests over gRPC, one after the other on several connections, until release(): with a small
    limits.in_flight_bytes there is always one in the way."""

    def __init__(self, target: str, threads: int = 6):
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(target,), daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _send(self, target: str) -> None:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
        request = ExportTraceServiceRequest()
        span = request.resource_spans.add().scope_spans.add().spans.add()
        span.trace_id, span.span_id, span.name = os.urandom(16), os.urandom(8), "flood"
        span.start_time_unix_nano = span.end_time_unix_nano = time.time_ns()
        span.attributes.add(key="noise").value.string_value = os.urandom(50_000).hex()
        body = request.SerializeToString()
        # A connection of its own: channels of one process would share one otherwise.
        with grpc.insecure_channel(target, options=[*UNLIMITED, ("grpc.use_local_subchannel_pool", 1)]) as channel:
            export = channel.unary_unary(TRACES)
            while not self._stop.is_set():
                try:
                    export(body, timeout=20)
                except grpc.RpcError:
                    pass  # being refused is what this is for

    def release(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
