"""Chromium without a window, pages that are served from a folder, and node that drives it."""

from __future__ import annotations

import functools
import http.server
import queue
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tests.engines import node_reader, programs

OPTIONS = """--headless --no-sandbox --no-first-run --disable-quic --disable-sync --disable-background-networking
--disable-component-update --use-angle=swiftshader --enable-unsafe-swiftshader --ignore-gpu-blocklist
--remote-debugging-port=0 --user-data-dir=profile""".split()
START_LIMIT = 120
"""Seconds that Chromium has to start, two of them sharing a busy core."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which the files of a folder are to be had while the context lasts."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Does not tell of every request."""

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


def drive(script: str, address: str, *arguments: str) -> Any:
    """What tests/engines/node/`script` prints after driving a Chromium of its own, as JSON."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = programs.command(["chromium", *OPTIONS], Path(folder))
        chromium = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
        try:
            return node_reader.run(script, _port(chromium), address, *arguments)
        finally:
            chromium.kill()
            chromium.wait()


def _port(chromium: subprocess.Popen[str]) -> str:
    """Where it listens for a driver, as it says itself. Fails if it ends or does not say so within START_LIMIT."""
    port: queue.Queue[str] = queue.Queue()
    said: list[str] = []
    threading.Thread(target=_listen, args=(chromium.stderr, said, port), daemon=True).start()
    try:
        found = port.get(timeout=START_LIMIT)
    except queue.Empty:
        found = ""
    assert found, f"Chromium does not say within {START_LIMIT} s where it listens: {''.join(said)}"
    return found


def _listen(stream: IO[str], said: list[str], port: queue.Queue[str]) -> None:
    """To the end, because a full pipe would stop Chromium. "" is the port where it ended without one."""
    for line in stream:
        said.append(line)
        if line.startswith("DevTools listening on ws://"):
            port.put(line.split(":")[2].split("/")[0])
    port.put("")
