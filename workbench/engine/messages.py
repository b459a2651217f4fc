"""What all requests and events of the engine's protocol have in common."""

from __future__ import annotations

from dataclasses import dataclass

VIRTUAL_DEVICE = "virtual"  # a clock without sound: keeps everything usable where there is no device
DEFAULT_DEVICE = "default"


class Request:
    """Base of all requests."""


@dataclass(frozen=True)
class Event:
    """Base of all events; `request_id` 0: nobody asked."""

    request_id: int
