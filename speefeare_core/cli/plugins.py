"""Commands of other packages: the entry points of the group `speefeare.commands`, looked up only when they are needed.

An installed package names a row of the table in its pyproject.toml, under the command's own name,

    [project.entry-points."speefeare.commands"]
    mycommand = "my_package.cli:COMMAND"

and `speefeare mycommand` runs it, `speefeare --help` lists it. A plug-in that cannot be loaded is a sentence.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from speefeare_core.cli.table import Command

GROUP = "speefeare.commands"


@dataclass(frozen=True)
class CommandPlugins:
    """Rows that other packages bring, and by name what is wrong with those that bring none, as plain sentences."""

    commands: tuple[Command, ...]
    problems: dict[str, str]


def command_plugins(taken: Collection[str]) -> CommandPlugins:
    """Every row of a plug-in whose name is not `taken`. Their modules with `add` and `run` are not imported yet."""
    commands: dict[str, Command] = {}
    problems: dict[str, str] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            if point.name in taken or point.name in commands:
                raise ValueError("there is another command of that name")
            commands[point.name] = _checked(point)
        except (Exception, SystemExit) as error:  # another package's code: it may raise anything
            problems[point.name] = f"The command plug-in {_named(point)} cannot be used: {words(error)}."
    return CommandPlugins(tuple(commands.values()), problems)


def _checked(point: EntryPoint) -> Command:
    command = point.load()
    if not isinstance(command, Command):
        raise TypeError(f"{point.value} is no speefeare_core.cli.table.Command")
    if command.name != point.name:
        raise ValueError(f"{point.value} is called {command.name}")
    return command


def _named(point: EntryPoint) -> str:
    package = f" of the package {point.dist.name}" if point.dist is not None else ""
    return f"{point.name}{package}"


def words(error: BaseException) -> str:
    """What went wrong in another package, in part of a sentence."""
    text = " ".join(str(error).split()).rstrip(".")[:200]
    return f"{type(error).__name__}, {text}" if text else type(error).__name__
