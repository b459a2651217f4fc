"""Plain HTTPS: one request with its redirects, and every way in which it can fail as one plain sentence."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from email.message import Message
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

from speefeare_core import __version__
from speefeare_core.errors import SpeefeareError

TIMEOUT_S = 30.0  # without one byte, while connecting or reading
AGENT = f"speefeare-workbench/{__version__}"


class Lost(SpeefeareError):
    """The connection broke or the server is in trouble: the same request may work a little later."""


@dataclass
class Answer:
    """An open response. `headers` are those of the last address; `linked_sha256` is what the hub said on the way."""

    response: http.client.HTTPResponse
    linked_sha256: str = ""

    @property
    def headers(self) -> Message:
        """The headers of the address that the bytes come from."""
        return self.response.headers


def request(
    address: str, headers: dict[str, str] | None = None, timeout_s: float = TIMEOUT_S, page: str = ""
) -> Answer:
    """Ask for an address. Close `answer.response` afterwards.

    Redirects lead to https only (http on this computer excepted); a token stays with the host it was meant for.
    Raises `Lost` where trying again may help, `SpeefeareError` otherwise; `page` is named where terms must be accepted.
    """
    check_address(address)
    redirects = _Redirects()
    handlers: list[Any] = [redirects]
    if is_loopback(address):
        handlers.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*handlers)
    plain = {"User-Agent": AGENT, "Accept-Encoding": "identity", **(headers or {})}
    token = plain.pop("Authorization", "")
    wanted = urllib.request.Request(address, headers=plain)
    if token:
        wanted.add_unredirected_header("Authorization", token)
    try:
        response = opener.open(wanted, timeout=timeout_s)
    except urllib.error.HTTPError as error:
        with error:
            raise _refused(error, address, page) from error
    except OSError as error:  # URLError, time-outs, resets
        raise unreachable(error, address) from error
    except http.client.HTTPException as error:
        raise Lost(f"{host_of(address)} gave an answer that is no proper HTTP; try again later.") from error
    linked = redirects.linked_etag or response.headers.get("X-Linked-Etag", "")
    return Answer(response, linked.strip('W/"').lower() if _is_sha256(linked) else "")


def check_address(address: str) -> None:
    """Raise `SpeefeareError` unless it is https, or http on this computer."""
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(address)):
        return
    raise SpeefeareError(f"{address} is not an https address, so nothing is fetched from it.")


def is_loopback(address: str) -> bool:
    """Whether the host of an address is this computer."""
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(address: str) -> str:
    """The host, for people."""
    return urlsplit(address).hostname or address


def unreachable(error: BaseException, address: str) -> Lost:
    """The sentence for a connection that could not be made or that broke."""
    host = host_of(address)
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return Lost(f"{host} gave no answer in time; try again, what has arrived is kept.")
    if isinstance(cause, ssl.SSLError):
        return Lost(f"No safe connection to {host} could be made ({cause.reason or cause}); nothing was fetched.")
    if isinstance(cause, socket.gaierror):
        return Lost(f"The host {host} was not found; is this computer connected to the internet?")
    reason = " ".join(str(getattr(cause, "strerror", "") or cause).split())
    return Lost(f"The connection to {host} failed ({reason}); try again, what has arrived is kept.")


@dataclass
class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to safe addresses only, and keeps what the hub says of the file while it redirects."""

    linked_etag: str = field(default="", init=False)

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        target = urljoin(req.full_url, newurl)
        check_address(target)
        if is_loopback(target) and not is_loopback(req.full_url):
            raise SpeefeareError(f"{host_of(req.full_url)} sends back to this computer, so nothing is fetched from it.")
        self.linked_etag = headers.get("X-Linked-Etag", "") or self.linked_etag
        following = super().redirect_request(req, fp, code, msg, headers, target)
        token = req.unredirected_hdrs.get("Authorization")
        if following is not None and token and urlsplit(target).netloc == urlsplit(req.full_url).netloc:
            following.add_unredirected_header("Authorization", token)
        return following


def _refused(error: urllib.error.HTTPError, address: str, page: str) -> SpeefeareError:
    host, code = host_of(address), error.code
    where = page or address
    if 300 <= code < 400:
        return SpeefeareError(f"{host} sends on in circles or to an unsafe address, so nothing was fetched from it.")
    if code in (401, 403):
        none = ", or has none of this name" if code == 401 else ""  # what the hub says of an unknown repository
        return SpeefeareError(
            f"{host} gives this file only to people who may have it{none} ({code}): accept its terms on {where}, then"
            " set HF_TOKEN to your access token."
        )
    if code in (404, 410):
        return SpeefeareError(f"{address} is not there any more ({code}); look on {where} where it has gone.")
    if code == 416:
        return RangeNotSatisfiable(f"{host} does not have that part of the file.")
    if code in (408, 429):
        wait = error.headers.get("Retry-After", "")
        when = f"in {wait} seconds" if wait.isdecimal() else "in some minutes"
        return SpeefeareError(f"{host} has too many requests at the moment ({code}); try again {when}.")
    if code >= 500:
        return Lost(f"{host} is in trouble ({code}); try again later, what has arrived is kept.")
    return SpeefeareError(f"{host} refused the file {address} ({code} {error.reason}).")


class RangeNotSatisfiable(SpeefeareError):
    """The part that was asked for lies behind the end of the file."""


def _is_sha256(etag: str) -> bool:
    digits = etag.strip('W/"').lower()
    return len(digits) == 64 and not set(digits) - set("0123456789abcdef")
