"""Latents panel."""

from __future__ import annotations

from workbench.panels.base import Panel


class LatentsPanel(Panel):
    """Latents."""
