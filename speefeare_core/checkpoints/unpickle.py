"""A pickle machine that runs nothing: it follows the opcodes and keeps plain data, tensors, and inert stand-ins.

Python's own unpickler, however restricted, imports and calls what a file names. This one has no way to call anything:
names stay names (`pickle_content.Named`), and every object is made by `pickle_content.construct`.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from typing import Any, BinaryIO

from speefeare_core.checkpoints.pickle_content import Forbidden, build, construct, is_key, named
from speefeare_core.checkpoints.stored import Damaged

MOST_OPCODES = 8_000_000
_VALUES = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "EMPTY_DICT": dict, "EMPTY_SET": list}


def read_pickle(stream: BinaryIO, persistent: Callable[[Any], Any] | None = None) -> Any:
    """The value of the pickle that begins where `stream` stands; the stream is left behind it.

    `persistent` answers persistent ids (torch's storages). Raises `Forbidden` with the name that is not allowed,
    `Damaged` where it is no whole pickle.
    """
    try:
        return _Machine(persistent).run(stream)
    except (Forbidden, Damaged):
        raise
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, AttributeError) as error:
        raise Damaged("it is no whole pickle") from error


class _Machine:
    def __init__(self, persistent: Callable[[Any], Any] | None) -> None:
        self.persistent = persistent
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self, stream: BinaryIO) -> Any:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
            if count > MOST_OPCODES:
                raise Damaged("it holds far more than a checkpoint does")
            if opcode.name == "STOP":
                return self.stack.pop()
            self.step(opcode.name, argument)
        raise Damaged("it ends too early")

    def step(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in _VALUES:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name in ("PROTO", "FRAME"):
            pass
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            self.memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(self.memo[argument])
        elif name == "MARK":
            self.marks.append(len(stack))
        elif name == "POP":
            if self.marks and self.marks[-1] == len(stack):
                self.marks.pop()
            else:
                stack.pop()
        elif name == "POP_MARK":
            self.since_mark()
        elif name == "DUP":
            stack.append(stack[-1])
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            count = int(name[-1])
            stack[-count:] = [tuple(stack[-count:])] if len(stack) >= count else self.lacking()
        elif name in ("TUPLE", "LIST", "FROZENSET"):
            items = self.since_mark()
            stack.append(tuple(items) if name == "TUPLE" else items)
        elif name in ("APPEND", "APPENDS", "ADDITEMS"):
            items = [stack.pop()] if name == "APPEND" else self.since_mark()
            self.fill_list(items)
        elif name in ("SETITEM", "SETITEMS", "DICT"):
            self.fill_dict(name)
        else:
            self.make(name, argument)

    def make(self, name: str, argument: Any) -> None:
        """The opcodes by which a pickle names and calls."""
        stack = self.stack
        if name == "GLOBAL":
            stack.append(named(*argument.split(" ", 1)))
        elif name == "STACK_GLOBAL":
            word, module = stack.pop(), stack.pop()
            if not isinstance(word, str) or not isinstance(module, str):
                raise Damaged("it names something by no word")
            stack.append(named(module, word))
        elif name in ("REDUCE", "NEWOBJ"):
            args = stack.pop()
            stack.append(construct(stack.pop(), args))
        elif name == "NEWOBJ_EX":
            words, args = stack.pop(), stack.pop()
            if words:
                raise Damaged("it makes an object in an unusual way")
            stack.append(construct(stack.pop(), args))
        elif name == "OBJ":
            items = self.since_mark()
            stack.append(construct(items[0], tuple(items[1:])))
        elif name == "INST":
            stack.append(construct(named(*argument.split(" ", 1)), tuple(self.since_mark())))
        elif name == "BUILD":
            state = stack.pop()
            stack.append(build(stack.pop(), state))
        elif name in ("BINPERSID", "PERSID") and self.persistent is not None:
            stack.append(self.persistent(stack.pop() if name == "BINPERSID" else argument))
        else:
            raise Forbidden(f"the pickle opcode {name}")

    def since_mark(self) -> list[Any]:
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def fill_list(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, list):
            target.extend(items)
        elif not hasattr(target, "kind"):  # a stand-in forgets its items
            raise Damaged("it appends to what is no list")

    def fill_dict(self, name: str) -> None:
        if name == "SETITEM":
            items = [self.stack.pop(-2), self.stack.pop()]
        else:
            items = self.since_mark()
        if name == "DICT":
            self.stack.append({})
        target = self.stack[-1]
        keys = items[::2]
        if len(items) % 2 or not all(is_key(key) for key in keys):
            raise Damaged("it has a dictionary whose keys are no words")
        if isinstance(target, dict):
            target.update(zip(keys, items[1::2], strict=True))
        elif not hasattr(target, "kind"):
            raise Damaged("it puts items into what is no dictionary")

    def lacking(self) -> list[Any]:
        raise Damaged("it is no whole pickle")
