#!/usr/bin/env python3
"""Seeds for fuzz_log: segments as the log writes them, taken from a log that the real code made, whole and cut.

    tests/fuzz/log/seeds.py LOG_DIRECTORY CORPUS_DIRECTORY
    build-fuzz/src/log/fuzz_log CORPUS_DIRECTORY -max_len=65536 -max_total_time=600
"""
import os
import sys

HEAD = 8192


def main():
    source, corpus = sys.argv[1:3]
    os.makedirs(corpus, exist_ok=True)
    n = 0
    for name in sorted(os.listdir(source)):
        if not name.endswith(".seg"):
            continue
        with open(os.path.join(source, name), "rb") as f:
            segment = f.read(60_000).rstrip(b"\0")
        # First byte: see src/log/log_fuzz.cc. Real segments have salts of their own: bit 2 signs their headers anew.
        for first, body in ((0, segment), (2, segment + segment), (1, segment[HEAD:]), (5, segment[HEAD:]), (7, segment[HEAD:] * 2)):
            for length in {len(body), len(body) // 2, min(len(body), 300), min(len(body), 64)}:
                with open(os.path.join(corpus, f"{name}-{first}-{length}"), "wb") as f:
                    f.write(bytes([first]) + body[:length])
                n += 1
    print(f"{n} seeds")


if __name__ == "__main__":
    main()
