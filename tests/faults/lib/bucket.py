"""An object store for the offloader: PUT, GET and DELETE as S3 has them (signatures are checked by the real server that
tests/clients/forward uses), which misbehaves as it is told."""
import http.server
import re
import socket
import struct
import threading
import time
import urllib.parse


class Bucket:
    """Keeps its port while it is `down`. Modes: ok; down; hang (reads, never answers); busy (503); denied (403, repeating the request's
    headers); half (half an answer); reset; elsewhere (307 to `location`)."""

    def __init__(self):
        self.mode = "ok"
        self.location = None
        self.lock = threading.Lock()
        self.objects = {}       # path → bytes
        self.puts = {}          # path → times
        self.heads = []         # headers of requests, as text
        self.port = None
        self._server = None
        self._open()

    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def settings(self, *more):
        return [f"offload.s3.endpoint={self.url()}", "offload.s3.bucket=traces", "offload.s3.access_key=AKIDFAULTS", "offload.s3.secret_key=faults-secret",
                *more]

    def set(self, mode):
        was, self.mode = self.mode, mode
        if mode == "down" and was != "down":
            self._close()
        elif was == "down" and mode != "down":
            self._open()

    def close(self):
        self.mode = "closed"
        self._close()

    def _close(self):
        server, self._server = self._server, None
        if server:
            server.shutdown()
            server.server_close()

    def _open(self):
        bucket = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def _answer(self, status, body=b"", headers=()):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _handle(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                mode = bucket.mode
                with bucket.lock:
                    bucket.heads.append(str(self.headers))
                if mode in ("down", "closed"):
                    self.close_connection = True
                elif mode == "hang":
                    while bucket.mode == "hang":
                        time.sleep(0.05)
                    self.close_connection = True
                elif mode == "busy":
                    self._answer(503, b"<Error><Code>SlowDown</Code></Error>")
                elif mode == "denied":
                    self._answer(403, f"<Error><Code>AccessDenied</Code><Message>{self.headers}</Message></Error>".encode())
                elif mode == "elsewhere":
                    self._answer(307, headers=[("location", bucket.location + self.path)])
                elif mode == "half":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-le")
                    self.close_connection = True
                elif mode == "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                else:
                    self._as_asked(body)

            def _as_asked(self, body):
                path = urllib.parse.urlsplit(self.path).path
                with bucket.lock:
                    there = bucket.objects.get(path)
                    if self.command == "PUT":
                        bucket.objects[path] = body
                        bucket.puts[path] = bucket.puts.get(path, 0) + 1
                    elif self.command == "DELETE":
                        bucket.objects.pop(path, None)
                if self.command == "PUT":
                    self._answer(200)
                elif self.command == "DELETE":
                    self._answer(204)
                elif there is None:
                    self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
                else:
                    self._answer(200, there)

            do_GET = do_PUT = do_DELETE = _handle

            def log_message(self, *_):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_):
                pass    # whoever was cut off; that is what modes are for

        self._server = Listener(("127.0.0.1", self.port or 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def keys(self):
        """(trace id, span id, field) of what is there."""
        with self.lock:
            paths = list(self.objects)
        return {re.search(r"/(\w{32})/(\w{16})/(.+)\.zst$", p).groups() for p in paths}
