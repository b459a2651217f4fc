"""A window with a clip, on a fake engine; figures of its panels."""

from tests.app.shell.conftest import desk, loaded_desk, make_desk

__all__ = ["desk", "loaded_desk", "make_desk"]
