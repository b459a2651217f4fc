"""What a pickle may be made of: tensors, plain data, and inert stand-ins for the objects that trainers leave behind.

`construct` is asked for every object that a pickle wants made. It makes values of ours and calls nothing that the file
names; a name that is not listed here is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from speefeare_core.checkpoints.stored import ITEM_BYTES, STORAGE_TYPES, Damaged, Storage, TorchStored


class Forbidden(ValueError):
    """A pickle names something that plain data do not need. `str(error)` is that name."""


@dataclass(frozen=True)
class Named:
    """A class or function that a pickle names; it is only ever a name."""

    module: str
    name: str

    @property
    def full(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(eq=False)
class StandIn:
    """An object of which only the kind and the data are kept."""

    kind: str
    args: tuple[Any, ...] = ()
    state: Any = field(default=None)


@dataclass(eq=False)
class ArrayStandIn:
    """A numpy dtype or array under construction."""

    kind: str
    code: str = ""
    value: Any = None


_OLD_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg", "UserDict": "collections"}
_PLAIN = ("set", "frozenset", "list", "tuple", "dict", "bytearray", "bytes", "complex", "slice", "range")
_PLAIN_TYPES = ("int", "long", "unicode", "float", "bool", "str", "object", "NoneType")
_PATHS = ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath", "Path", "PurePath")
_STAND_IN_MODULES = ("omegaconf", "pytorch_lightning", "lightning", "lightning_fabric", "lightning_utilities")
_STAND_INS = ("argparse.Namespace", "types.SimpleNamespace", "_io.BytesIO", "io.BytesIO", "typing.Any", "enum.Enum")
_TENSORS = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_parameter")
_PARAMETER_WITH_STATE = "_rebuild_parameter_with_state"
_DTYPE = re.compile(r"[<>|=]?[biufcSU]\d{1,4}")
_NUMPY = ("multiarray", "numeric")


def _is_numpy(named: Named) -> bool:
    return named.module.split(".")[0] == "numpy"


def named(module: str, name: str) -> Named:
    """The name, if a pickle of weights may hold it. Raises `Forbidden`."""
    found = Named(_OLD_MODULES.get(module, module), name)
    module = found.module
    allowed = (
        (module == "builtins" and name in (*_PLAIN, *_PLAIN_TYPES))
        or (module == "collections" and name in ("OrderedDict", "defaultdict", "deque", "Counter"))
        or (module == "torch._utils" and name in (*_TENSORS, _PARAMETER_WITH_STATE))
        or (module == "torch._tensor" and name == "_rebuild_from_type_v2")
        or (module == "torch.nn.parameter" and name in ("Parameter", "Buffer"))
        or (module in ("torch", "torch.storage") and name in STORAGE_TYPES)
        or (module == "torch" and name in (*ITEM_BYTES, "Size", "device", "Tensor"))
        or found.full == "torch.torch_version.TorchVersion"
        or found.full == "_codecs.encode"
        or found.full == "copyreg._reconstructor"
        or (module in ("pathlib", "pathlib._local") and name in _PATHS)
        or (_is_numpy(found) and name in ("dtype", "ndarray", "_reconstruct", "scalar", "_frombuffer"))
        or (module == "numpy" and re.fullmatch(r"(u?int|float|complex)\d+|bool_?", name) is not None)
        or (module == "numpy.dtypes" and re.fullmatch(r"\w+DType", name) is not None)
        or (module.split(".")[0] in _STAND_IN_MODULES and "." not in name)
        or found.full in _STAND_INS
    )
    if not allowed:
        raise Forbidden(found.full)
    return found


def construct(what: Any, args: Any) -> Any:
    """The value that a pickle asks for by calling `what` with `args`. Raises `Forbidden` or `Damaged`."""
    if not isinstance(what, Named) or not isinstance(args, tuple):
        raise Damaged("it calls what is no name")
    full = what.full
    if what.module == "torch._utils" or full in ("torch._tensor._rebuild_from_type_v2", "torch.nn.parameter.Parameter"):
        return _tensor(what, args)
    if _is_numpy(what):
        return _numpy(what, args)
    if what.module == "collections":
        given = args[-1] if args and isinstance(args[-1], list | dict) else []
        if what.name == "deque":
            return list(given)
        return dict(given) if isinstance(given, dict) else _from_pairs(given)
    if what.module == "builtins" and what.name in _PLAIN:
        return _plain(what.name, args)
    if full == "_codecs.encode" and args and isinstance(args[0], str):
        return args[0].encode("latin-1")
    if full == "torch.Size" and args and isinstance(args[0], list | tuple):
        return tuple(args[0])
    if full in ("torch.device", "torch.torch_version.TorchVersion"):
        return ":".join(str(part) for part in args if isinstance(part, str | int))
    if what.module.startswith("pathlib"):
        return "/".join(part for part in args if isinstance(part, str)).replace("//", "/")
    if full == "copyreg._reconstructor" and args and isinstance(args[0], Named):
        return construct(args[0], ())
    if full in _STAND_INS or what.module.split(".")[0] in _STAND_IN_MODULES:
        return StandIn(full, args)
    raise Forbidden(full)


def build(made: Any, state: Any) -> Any:
    """A value after the pickle has handed it its state. Raises `Damaged`."""
    if isinstance(made, StandIn):
        made.state = state
        return made
    if isinstance(made, ArrayStandIn):
        return _build_array(made, state)
    if isinstance(made, TorchStored | dict | list | str):  # attributes on plain data (_metadata of a state dict)
        return made
    raise Damaged("it sets the state of what has none")


def _from_pairs(pairs: Any) -> dict[Any, Any]:
    if not all(isinstance(pair, list | tuple) and len(pair) == 2 and is_key(pair[0]) for pair in pairs):
        raise Damaged("it makes a dictionary of no pairs")
    return dict(pairs)


def is_key(value: Any) -> bool:
    """Whether a dictionary may have it as a key. (The hash of tuples nested in tuples may take for ever.)"""
    scalar = str | int | float | bytes | None
    return isinstance(value, scalar | Named) or (isinstance(value, tuple) and all(isinstance(v, scalar) for v in value))


def _plain(name: str, args: tuple[Any, ...]) -> Any:
    given: Any = args[0] if args else ()
    if name in ("set", "frozenset") and isinstance(given, list | tuple) and all(is_key(value) for value in given):
        return list(given)
    if name in ("list", "tuple") and isinstance(given, list | tuple):
        return list(given) if name == "list" else tuple(given)
    if name == "dict":
        return dict(given) if isinstance(given, dict) else _from_pairs(given)
    if name in ("bytearray", "bytes") and isinstance(given, bytes | bytearray | tuple):
        return bytes(given) if given else b""
    if name in ("complex", "slice", "range"):
        return StandIn(f"builtins.{name}", args)
    raise Damaged(f"it makes a {name} of something else")


def _tensor(what: Named, args: tuple[Any, ...]) -> Any:
    if what.name in ("_rebuild_parameter", _PARAMETER_WITH_STATE, "Parameter"):
        if args and isinstance(args[0], TorchStored):
            return args[0]
    elif what.name == "_rebuild_from_type_v2":
        if len(args) >= 3 and isinstance(args[0], Named) and isinstance(args[2], tuple):
            return construct(args[0], args[2])
    elif len(args) >= 4 and isinstance(args[0], Storage):
        dtype = args[0].dtype
        if what.name == "_rebuild_tensor_v3":
            dtype = args[6].name if len(args) > 6 and isinstance(args[6], Named) else ""
        if dtype in ITEM_BYTES:
            return TorchStored.checked(args[0], dtype, *args[1:4])
    raise Damaged("a tensor in it has no proper description")


def _numpy(what: Named, args: tuple[Any, ...]) -> Any:
    if what.name == "dtype" or what.module == "numpy.dtypes":
        code = args[0] if args and isinstance(args[0], str) else ""
        if not _DTYPE.fullmatch(code):
            raise Forbidden("numpy object array" if code.startswith("O") else "numpy.dtype of an unusual kind")
        return ArrayStandIn("dtype", code)
    if what.name == "_reconstruct":
        return ArrayStandIn("array")
    if what.name == "scalar" and len(args) == 2 and isinstance(args[0], ArrayStandIn):
        return _values(args[0].code, args[1], ()).item()
    if what.name == "_frombuffer" and len(args) >= 3 and isinstance(args[1], ArrayStandIn):
        return _values(args[1].code, args[0], args[2])
    raise Damaged("a numpy array in it has no proper description")


def _build_array(made: ArrayStandIn, state: Any) -> Any:
    if made.kind == "dtype":
        if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">"):
            made.code = state[1] + made.code.lstrip("<>|=")
        return made
    if isinstance(state, tuple) and len(state) == 5 and isinstance(state[2], ArrayStandIn):
        made.value = _values(state[2].code, state[4], state[1])
        return made
    raise Damaged("a numpy array in it has no proper description")


def _values(code: str, raw: Any, shape: Any) -> Any:
    dtype = np.dtype(code)
    sized = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape) and dtype.itemsize
    if isinstance(raw, str):
        raw = raw.encode("latin-1")
    if (
        not sized
        or not isinstance(raw, bytes | bytearray)
        or len(raw) != dtype.itemsize * int(np.prod(shape, dtype=object))
    ):
        raise Damaged("a numpy array in it is not as long as it says")
    return np.frombuffer(bytes(raw), dtype).reshape(shape)
