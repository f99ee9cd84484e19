"""A far side for exporters: takes OTLP/HTTP requests, remembers every span, and misbehaves as it is told."""
import collections
import gzip
import re
import socket
import struct
import threading
import time

# Trace id and span id stand next to each other in every span that lib.encode makes.
SPAN = re.compile(rb"\x0a\x10(.{16})\x12\x08(.{8})", re.S)
# ExportTraceServiceResponse{partial_success{rejected_spans: 3, error_message: "three are bad"}}
PARTIAL = b"\x0a\x11\x08\x03\x12\x0dthree are bad"
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n"


def answer(status, headers=(), body=b""):
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Backend:
    """Listens on a port of its own, which stays the same while it is `down`.

    Modes: ok; down (refuses connections); hang (reads, never answers); slow (answers after a second); busy (503 with Retry-After: 1);
    throttled (429 with an HTTP date); half (half an answer, then closed); reset (reads a part and resets); flaky (each second
    request fails in another way); picky (400 for requests that hold `poison`); refuse (400); forbidden (401, repeating the request's headers); partial (200, of which
    three were left out); elsewhere (307 to `location`)."""

    def __init__(self):
        self.mode = "ok"
        self.poison = None
        self.location = None
        self.lock = threading.Lock()
        self.spans = collections.Counter()      # (trace id, span id) → times
        self.bodies = []                        # kept if keep_bodies
        self.keep_bodies = False
        self.headers = []
        self.requests = collections.Counter()   # mode → requests
        self.in_flight = self.most_in_flight = 0
        self._stop = threading.Event()
        self._turn = 0
        self.port = None
        self._listener = None
        self._open()

    def _open(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        until = time.monotonic() + 5
        while True:
            try:
                listener.bind(("127.0.0.1", self.port or 0))
                break
            except OSError:     # who accepted on it is about to notice that it is closed
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)
        listener.listen(64)
        listener.settimeout(0.2)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def set(self, mode):
        was, self.mode = self.mode, mode
        if mode == "down" and self._listener:
            listener, self._listener = self._listener, None
            listener.close()
        elif was == "down" and mode != "down":
            self._open()

    def close(self):
        self._stop.set()
        if self._listener:
            self._listener.close()

    def count(self):
        with self.lock:
            return len(self.spans)

    def _accept(self, listener):
        while not self._stop.is_set():
            try:
                connection, _ = listener.accept()
            except socket.timeout:
                continue
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.settimeout(0.2)
        pending = b""
        try:
            while not self._stop.is_set():
                request, pending = self._read(connection, pending)
                if request is None:
                    return
                head, body = request
                with self.lock:
                    self.in_flight += 1
                    self.most_in_flight = max(self.most_in_flight, self.in_flight)
                try:
                    if not self._answer(connection, head, body):
                        return
                finally:
                    with self.lock:
                        self.in_flight -= 1
        except OSError:
            pass
        finally:
            connection.close()

    def _read(self, connection, data):
        while b"\r\n\r\n" not in data:
            piece = self._more(connection)
            if piece is None:
                return None, b""
            data += piece
        head, rest = data.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))
        pieces, have = [rest], len(rest)
        while have < length:
            if self.mode == "reset" and have > length // 2:
                # Closing with data unread and a zero linger sends a reset.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.requests["reset"] += 1
                return None, b""
            piece = self._more(connection)
            if piece is None:
                return None, b""
            pieces.append(piece)
            have += len(piece)
        whole = b"".join(pieces)
        return (head, whole[:length]), whole[length:]

    def _more(self, connection):
        while not self._stop.is_set() and self.mode != "down":
            try:
                piece = connection.recv(1 << 20)
                return piece or None
            except socket.timeout:
                continue
        return None

    def _answer(self, connection, head, body):
        mode = self.mode
        if mode == "flaky":
            self._turn += 1
            mode = ["ok", "busy", "ok", "half", "ok", "error", "ok", "reset_after"][self._turn % 8]
        self.requests[mode] += 1
        if mode == "hang":
            while self.mode == "hang" and not self._stop.is_set():
                time.sleep(0.05)
            return False
        if mode == "slow":
            time.sleep(1)
        if mode == "busy":
            connection.sendall(answer(503, ["retry-after: 1"]))
            return True
        if mode == "throttled":
            at = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2))
            connection.sendall(answer(429, [f"retry-after: {at}"]))
            return True
        if mode == "error":
            connection.sendall(answer(500, body=b"database is down"))
            return True
        if mode in ("refuse", "forbidden"):
            connection.sendall(answer(400 if mode == "refuse" else 401, ["content-type: text/plain"], b"refused: " + head))
            return True
        if mode == "elsewhere":
            connection.sendall(answer(307, [f"location: {self.location}"]))
            return True
        if mode == "partial":
            connection.sendall(answer(200, ["content-type: application/x-protobuf"], PARTIAL))
            return True
        if mode == "half":
            connection.sendall(OK[:len(OK) // 2])
            return False
        if mode in ("reset", "reset_after"):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        plain = gzip.decompress(body) if b"content-encoding: gzip" in head.lower() else body
        if mode == "picky" and self.poison and self.poison in plain:
            connection.sendall(answer(400, ["content-type: text/plain"], b"a span is bad"))
            return True
        with self.lock:
            self.spans.update(SPAN.findall(plain))
            self.headers.append(head)
            if self.keep_bodies:
                self.bodies.append(plain)
        connection.sendall(OK)
        return True
