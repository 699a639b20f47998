"""What `framelane info` knows of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Facts:
    """The facts of one file: `values` as JSON holds them, with ``notes``, and `lines` in words, by subject."""

    title: str
    values: dict[str, Any]
    lines: dict[str, str]

    def table(self) -> Table:
        """Lay the words out as a table."""
        from rich.table import Table

        table = Table(title=self.title, title_justify="left", show_header=False)
        for subject, words in self.lines.items():
            if words:
                table.add_row(subject, words)
        for note in self.values["notes"]:
            table.add_row("note", note)
        return table
