from __future__ import annotations

import shutil
import subprocess

import pytest

from framelane.cli import main
from framelane.cli.completion import SHELLS
from needs import need


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_for_each_shell(capsys, shell):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "framelane" in script
    assert "completion" in script


def test_bash_completes_commands_options_and_files(capsys, tmp_path):
    need("bash", shutil.which("bash") is not None)
    main(["completion", "bash"])
    (tmp_path / "completion.sh").write_text(capsys.readouterr().out)
    (tmp_path / "film.mp4").touch()

    def complete(*words):
        line = " ".join(f"'{word}'" for word in ("framelane", *words))
        script = f"""source completion.sh; COMP_WORDS=({line}); COMP_CWORD={len(words)}
            $(complete -p framelane | sed 's/.*-F \\([^ ]*\\).*/\\1/'); printf '%s\\n' "${{COMPREPLY[@]}}" """
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        return done.stdout.split()

    assert "info" in complete("i")
    assert "--json" in complete("info", "--j")
    assert "film.mp4" in complete("info", "fi")
    assert set(SHELLS) <= set(complete("completion", ""))


def test_an_unknown_shell_lists_the_known(capsys):
    assert main(["completion", "dos"]) == 2
    assert "bash" in capsys.readouterr().err  # in quotes up to Python 3.11
