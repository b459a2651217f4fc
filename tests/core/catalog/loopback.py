"""A web server on this computer that behaves as well or as badly as a test wants."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """One file and how it is served."""

    body: bytes
    etag: str = ""
    modified: str = ""
    status: int = 200  # another: only the error
    ranges: bool = True  # False: Range is ignored
    break_after: int | None = None  # bytes of one answer, then the connection is cut
    breaks: int = 10**9  # so many answers are cut
    stall_after: int | None = None  # bytes of one answer, then silence
    announce: int | None = None  # the Content-Length that is claimed
    length: bool = True  # False: none is announced
    redirect: str = ""  # send there instead
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    sent: int = 0  # bytes of the body, counted before they go out


class Loopback:
    """`server.files["/a/b"] = Served(…)`; what was asked stands in `server.asked`."""

    def __init__(self) -> None:
        self.files: dict[str, Served] = {}
        self.asked: list[Asked] = []
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def transferred(self) -> int:
        """Bytes of bodies that went out in the last answer."""
        return self.asked[-1].sent

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                """Silent."""

            def do_GET(self) -> None:
                served = loopback.files.get(self.path)
                asked = Asked(self.path, {key: self.headers[key] for key in self.headers})
                loopback.asked.append(asked)
                with contextlib.suppress(OSError):  # the other side has gone
                    if served is None:
                        self.send_error(404)
                    elif served.redirect:
                        self.send_response(302)
                        self._send_headers({"Location": served.redirect, "Content-Length": "0", **served.headers})
                    elif served.status != 200:
                        self.send_response(served.status)
                        self._send_headers({"Content-Length": "0", **served.headers})
                    else:
                        self._send_file(served, asked)

            def _send_headers(self, headers: dict[str, str]) -> None:
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def _send_file(self, served: Served, asked: Asked) -> None:
                start, body = self._start(served), served.body
                if start >= len(body) > 0:
                    self.send_response(416)
                    self._send_headers({"Content-Range": f"bytes */{len(body)}", "Content-Length": "0"})
                    return
                rest = body[start:]
                headers = dict(served.headers)
                if served.etag:
                    headers["ETag"] = served.etag
                if served.modified:
                    headers["Last-Modified"] = served.modified
                if start:
                    headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
                if served.length:
                    headers["Content-Length"] = str(len(rest) if served.announce is None else served.announce)
                self.send_response(206 if start else 200)
                self._send_headers(headers)
                self.close_connection = True
                cut = served.break_after if served.breaks > 0 else None
                served.breaks -= cut is not None
                stop = min(x for x in (len(rest), cut, served.stall_after) if x is not None)
                for at in range(0, stop, 8192):
                    block = rest[at : min(at + 8192, stop)]
                    asked.sent += len(block)
                    self.wfile.write(block)
                if served.stall_after is not None:
                    loopback.closing.wait(20)

            def _start(self, served: Served) -> int:
                wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
                condition = self.headers.get("If-Range", "")
                if not wanted or not served.ranges:
                    return 0
                return int(wanted[1]) if condition in ("", served.etag, served.modified) else 0

        return Handler


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def hub_reply(files: dict[str, bytes], licence: str = "mit") -> bytes:
    """What the hub says of a repository."""
    rows = [{"rfilename": name, "size": len(body), "lfs": {"sha256": sha256(body)}} for name, body in files.items()]
    return json.dumps({"siblings": rows, "cardData": {"license": licence}}).encode()
