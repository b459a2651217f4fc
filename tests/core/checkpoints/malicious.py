"""Pickles that would run something if anybody unpickled them, in every form and protocol."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Call:
    """Unpickling it calls `function(*args)`."""

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self.told = (function, args)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.told


def by_hand(canary: Path) -> dict[str, bytes]:
    """Raw opcodes, each of which leaves the file `canary` behind where it is executed."""
    name = repr(str(canary)).encode()
    code = b"open(" + name + b",'w').close()"
    word = b"X" + len(code).to_bytes(4, "little") + code
    short = b"\x8c\x08builtins\x8c\x04eval\x93"
    return {
        "GLOBAL REDUCE": b"cbuiltins\neval\n(" + word + b"tR.",
        "GLOBAL of Python 2": b"c__builtin__\neval\n(" + word + b"tR.",
        "INST": b"(" + word + b"ibuiltins\neval\n.",
        "OBJ": b"(cbuiltins\neval\n" + word + b"o.",
        "STACK_GLOBAL": b"\x80\x04" + short + word + b"\x85R.",
        "NEWOBJ": b"\x80\x02cbuiltins\neval\n" + word + b"\x85\x81.",
        "NEWOBJ_EX": b"\x80\x04" + short + word + b"\x85}\x92.",
        "BUILD": b"\x80\x02ctypes\nSimpleNamespace\n)\x81cbuiltins\neval\n" + word + b"\x85Rb.",
        "dotted name": b"\x80\x04\x8c\x02os\x8c\x0bpath.os.open\x93" + word + b"K\x41\x86R.",
        "EXT": b"\x80\x02\x82\x01.",
        "os.system": b"cos\nsystem\n(X" + (len(name) + 6).to_bytes(4, "little") + b"touch " + name + b"tR.",
        "getattr": b"cbuiltins\ngetattr\n(cbuiltins\nobject\nX\x07\x00\x00\x00__doc__tR.",
        "torch.load": b"ctorch\nload\n(X" + len(name).to_bytes(4, "little") + name + b"tR.",
        "torch._utils": b"ctorch._utils\n_import_dotted_name\n(X\x02\x00\x00\x00ostR.",
        "lightning": b"cpytorch_lightning\nos.system\n(" + word + b"tR." + b"",
        "numpy": b"cnumpy\nload\n(" + word + b"tR.",
    }


def by_reduce(canary: Path, protocol: int) -> dict[str, bytes]:
    """What `pickle` itself writes for objects with a `__reduce__`."""
    values: dict[str, Any] = {
        "open": Call(open, str(canary), "w"),
        "exec": {"state_dict": {"a": Call(exec, f"open({str(canary)!r}, 'w')")}},
        "in a list": [1, (2, {"x": Call(eval, f"open({str(canary)!r}, 'w')")})],
        "as a key": {Call(eval, f"open({str(canary)!r}, 'w')"): 1},
        "path": Call(Path(canary).touch),
    }
    return {name: pickle.dumps(value, protocol) for name, value in values.items()}


def in_zip(path: Path, content: bytes) -> None:
    """As the data.pkl of a file of torch.save."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")
