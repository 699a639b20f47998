"""A file that appears under its name only when it is whole."""

from __future__ import annotations

import errno
import os
import secrets
from typing import TYPE_CHECKING

from framelane._errors import VideoError

from ._names import AnyPath, native, printable

if TYPE_CHECKING:
    from collections.abc import Iterable


class OutputFile:
    """The place where a file is written, beside the one that it will become.

    Parameters
    ----------
    path : path-like
        The file to be; a symbolic link is followed.

    Raises
    ------
    VideoError
        Its folder is missing or cannot be written to, or it is a folder itself.
    """

    def __init__(self, path: AnyPath) -> None:
        self.path = os.path.realpath(native(path))
        folder, name = os.path.split(self.path)
        stem, ending = os.path.splitext(name)
        shown = printable(path)
        if os.path.isdir(self.path):
            raise VideoError(f"cannot write {shown}: it is a folder; name a file in it")
        check_folder(folder, shown)
        self.temporary = os.path.join(folder, f".framelane-{secrets.token_hex(6)}.partial{ending}")
        self.partial = os.path.join(folder, f"{stem}.partial{ending}")

    def refuse_inputs(self, inputs: Iterable[AnyPath]) -> None:
        """Refuse to overwrite a file that is read, whatever it is called here.

        Raises
        ------
        VideoError
            The output is one of the inputs.
        """
        for source in inputs:
            if same_file(self.path, source):
                raise VideoError(
                    f"cannot write {printable(self.path)}: it is the input {printable(source)} itself; "
                    "give the output another name"
                )
            if same_file(self.partial, source):
                ending = os.path.splitext(self.partial)[1]
                self.partial = f"{os.path.splitext(self.partial)[0]}-2{ending}"

    def commit(self) -> None:
        """Give the file its name."""
        os.replace(self.temporary, self.path)

    def keep_partial(self) -> str:
        """Keep what there is as ``NAME.partial.SUFFIX``; return that name."""
        try:
            os.replace(self.temporary, self.partial)
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            folder, name = os.path.split(self.partial)
            self.partial = os.path.join(folder, f"framelane.partial{os.path.splitext(name)[1]}")
            os.replace(self.temporary, self.partial)
        return self.partial

    def discard(self) -> None:
        """Remove what there is."""
        if os.path.lexists(self.temporary):
            os.unlink(self.temporary)


def check_folder(folder: str, shown: str) -> None:
    """Refuse a folder that is not there, or not to be written to.

    Raises
    ------
    VideoError
        It is so.
    """
    if not os.path.isdir(folder):
        raise VideoError(f"cannot write {shown}: the folder {printable(folder)} does not exist; create it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise VideoError(f"cannot write {shown}: no permission to write in the folder {printable(folder)}")


def same_file(one: AnyPath, other: AnyPath) -> bool:
    """Whether two names are one file: by link, by another way to it, or by letters that the file system ignores."""
    try:
        return os.path.samefile(native(one), native(other))
    except OSError:
        return False
