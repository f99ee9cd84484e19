"""Sends batches as fast as it can (or at a rate) and remembers what was acknowledged."""
import http.client
import threading
import time


class Memory:
    """What was sent and what became of it. Guarded by its own lock."""

    def __init__(self):
        self.lock = threading.Lock()
        self.base = {}          # batch → time it was built with, unix ns
        self.acked = set()      # answered 200 without partial success: owed
        self.unknown = set()    # sent, and no answer came: may be there, not twice
        self.refused = {}       # status → count
        self.refusals_without_delay = 0
        self.permanent = []     # answers that no retry mends: none is expected
        self.ack_seconds = []

    def summary(self):
        with self.lock:
            return f"{len(self.acked)} batches acknowledged, {len(self.unknown)} unanswered, refused {dict(self.refused)}"


class Producer:
    """`threads` connections over OTLP/HTTP; each sends a batch and waits for its answer. A batch whose answer did not come is
    not sent again: whether it is there stays open. A refused one (503) is sent again after the delay that it was told."""

    def __init__(self, batches, memory, port, threads=4, rate=None, times=1):
        self.batches = batches
        self.memory = memory
        self.port = port
        self.times = times      # send each batch so often (a client that does not trust its first answer)
        self._interval = threads * batches.spans / rate if rate else 0
        self._stop = threading.Event()
        self._number_lock = threading.Lock()
        self._number = max(memory.base, default=-1) + 1
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def start(self):
        for t in self._threads:
            t.start()
        return self

    def stop(self):
        self._stop.set()
        for t in self._threads:
            t.join()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _next_number(self):
        with self._number_lock:
            self._number += 1
            return self._number - 1

    def _run(self):
        connection = None
        while not self._stop.is_set():
            began = time.monotonic()
            batch = self._next_number()
            base = time.time_ns()
            body = self.batches.encode(batch, base)
            with self.memory.lock:
                self.memory.base[batch] = base
            for _ in range(self.times):
                connection = self._deliver(connection, batch, body)
            if self._interval:
                self._stop.wait(max(0.0, self._interval - (time.monotonic() - began)))
        if connection:
            connection.close()

    def _deliver(self, connection, batch, body):
        """Sends until answered; the connection to go on with."""
        while True:
            began = time.monotonic()
            sent = False
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                    connection.connect()
                sent = True
                connection.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException):
                if connection:
                    connection.close()
                connection = None
                if sent:
                    with self.memory.lock:
                        if batch not in self.memory.acked:
                            self.memory.unknown.add(batch)
                    return None
                if self._stop.wait(0.02):
                    return None
                continue
            with self.memory.lock:
                if answer.status == 200 and not text:
                    self.memory.acked.add(batch)
                    self.memory.unknown.discard(batch)
                    self.memory.ack_seconds.append(time.monotonic() - began)
                    return connection
                self.memory.refused[answer.status] = self.memory.refused.get(answer.status, 0) + 1
                if answer.status != 503:
                    self.memory.permanent.append((batch, answer.status, text[:300]))
                    return connection
                delay = answer.getheader("Retry-After")
                if delay is None:
                    self.memory.refusals_without_delay += 1
            if answer.will_close:
                connection.close()
                connection = None
            if self._stop.wait(min(float(delay or 1), 2.0)):
                return connection
