"""What the exit status of the ``framelane`` command means."""

from __future__ import annotations

from enum import IntEnum

from framelane import _errors


class ExitCode(IntEnum):
    """Exit status of every sub-command; `MEANING` has the words."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    MODEL = 3
    INPUT = 4
    OUTPUT = 5
    ENDED_EARLY = 6
    NOT_INSTALLED = 7
    INTERRUPTED = 130
    TERMINATED = 143


MEANING = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "the run failed: a stage raised or was stuck, the disk was full, or anything not named below",
    ExitCode.USAGE: "the command line is wrong, or asks for what does not fit together",
    ExitCode.MODEL: "the model cannot be loaded, or does not take frames like these",
    ExitCode.INPUT: "the input cannot be read or has no picture, or the process cannot be looked into",
    ExitCode.OUTPUT: "the output cannot be written there, or is there already",
    ExitCode.ENDED_EARLY: "done, but the input is cut off or damaged: the output has the frames that came out of it",
    ExitCode.NOT_INSTALLED: "a library, ONNX Runtime or the device is missing, or nodes are not on the device",
    ExitCode.INTERRUPTED: "Ctrl-C",
    ExitCode.TERMINATED: "SIGTERM",
}


class CommandError(_errors.FramelaneError):
    """An error of the command line itself, with the exit status that it stands for."""

    def __init__(self, text: str, code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(text)
        self.code = code


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived: the run ends as it does on Ctrl-C, with another exit status."""


_CODES: tuple[tuple[tuple[type[BaseException], ...], ExitCode], ...] = (
    ((Terminated,), ExitCode.TERMINATED),
    ((KeyboardInterrupt,), ExitCode.INTERRUPTED),
    ((_errors.ModelError, _errors.ShapeError), ExitCode.MODEL),
    ((_errors.VideoError,), ExitCode.INPUT),
    ((_errors.LoadError, _errors.PlacementError), ExitCode.NOT_INSTALLED),
)


def exit_code_of(error: BaseException) -> ExitCode:
    """Exit status for an exception that ended a sub-command."""
    if isinstance(error, CommandError):
        return error.code
    for kinds, code in _CODES:
        if isinstance(error, kinds):
            return code
    return ExitCode.FAILED


def table_of_exit_codes() -> str:
    """Format the exit codes as lines for a ``--help`` text."""
    return "\n".join(["exit status:", *(f"  {code.value:>3}  {meaning}" for code, meaning in MEANING.items())])
