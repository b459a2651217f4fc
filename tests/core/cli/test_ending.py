"""A command that is asked to end from outside tidies up as after Ctrl+C."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from speefeare_core.cli.ending import terminate_like_ctrl_c


def test_a_request_to_end_is_an_interruption() -> None:
    before, tidied = signal.getsignal(signal.SIGTERM), []
    with pytest.raises(KeyboardInterrupt), terminate_like_ctrl_c():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        finally:
            tidied.append(True)
    assert tidied and signal.getsignal(signal.SIGTERM) is before


def test_outside_of_the_main_thread_it_does_nothing() -> None:
    seen: list[str] = []

    def work() -> None:
        with terminate_like_ctrl_c():
            seen.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == ["done"]
