"""Looks at every link of the chain from a program to the GPU, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._check import Status, failed, passed, unknown
from ._cudnn import check_cudnn
from ._deep import check_session
from ._driver import driver_facts
from ._driver_checks import driver_checks
from ._elf import ElfError, is_elf
from ._environment import Environment, EnvironmentReadError, read_environment, this_environment
from ._extension import extension_checks
from ._libraries import check_libraries
from ._runtimes import Runtime, check_provider, check_runtime, find_runtimes
from ._supply import Supply
from ._target import Target
from ._wheels import cuda_major_of

if TYPE_CHECKING:
    from pathlib import Path

    from ._check import Check

ENVIRONMENT = "environment"
LIBRARIES = "CUDA libraries"


@dataclass(frozen=True)
class Question:
    """What the doctor is asked.

    Attributes
    ----------
    python : Path or None
        Interpreter or folder of the environment; this one when None.
    so : tuple of Path
        Extension modules and libraries to look at.
    ld_library_path : str
        That of the start script; empty for none.
    device : str
        ``"cuda"``, or ``"cpu"``, which leaves the links to the GPU out.
    deep : bool
        Whether a child may be started in the environment.
    """

    python: Path | None = None
    so: tuple[Path, ...] = ()
    ld_library_path: str = ""
    device: str = "cuda"
    deep: bool = False


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor saw."""

    environment: Environment | None
    checks: tuple[Check, ...]

    @property
    def failures(self) -> tuple[Check, ...]:
        """The links that do not hold."""
        return tuple(check for check in self.checks if check.status is Status.FAILED)

    @property
    def healthy(self) -> bool:
        """Whether no link fails."""
        return not self.failures

    def to_dict(self) -> dict[str, Any]:
        """Put it into what JSON holds."""
        one = self.environment
        where = one and {
            "prefix": str(one.prefix),
            "kind": one.kind,
            "python": str(one.python),
            "version": ".".join(map(str, one.version or ())),
            "site_packages": list(map(str, one.site_packages)),
        }
        return {"healthy": self.healthy, "environment": where, "checks": [check.to_dict() for check in self.checks]}


def examine(question: Question) -> Diagnosis:
    """Look at every link; nothing of the environment is imported or run unless `deep` says so."""
    try:
        environment = this_environment() if question.python is None else read_environment(question.python)
    except EnvironmentReadError as error:
        broken = failed(ENVIRONMENT, str(error), error.fix)
        return Diagnosis(None, (broken, *_extensions(question, None, None), *_machine(question, None)))
    checks = [passed(ENVIRONMENT, environment.name)]
    supply = Supply(environment)
    runtimes = find_runtimes(environment)
    checks.append(check_runtime(environment, runtimes))
    major = None
    if question.device == "cuda" and runtimes:
        provider_checks, major = _provider(question, environment, runtimes[0], supply)
        checks += provider_checks
    checks += _extensions(question, environment, supply)
    checks += _machine(question, major)
    if question.deep:
        fix = next((check.fix for check in checks if check.status is Status.FAILED), "")
        path = question.ld_library_path or None
        checks.append(check_session(environment, path, question.device, question.so, fix))
    return Diagnosis(environment, tuple(checks))


def _provider(
    question: Question, environment: Environment, runtime: Runtime, supply: Supply
) -> tuple[list[Check], int | None]:
    check, elf = check_provider(environment, runtime)
    if elf is None or runtime.provider is None:
        return [check], None
    major = cuda_major_of(elf.needed)
    target = Target(runtime.provider, environment, (runtime.module,) if runtime.module else ())
    own = question.python is None and not question.so
    try:
        libraries = check_libraries(LIBRARIES, target, supply, question.ld_library_path, question.so, own=own)
        checks = [check, libraries]
        cudnn = next((name for name in elf.needed if name.startswith("libcudnn.so.")), None)
        if cudnn:
            checks.append(check_cudnn(cudnn, target.walk(question.ld_library_path), environment, supply, major))
    except ElfError as error:
        checks = [check, unknown(LIBRARIES, str(error))]
    return checks, major


def _extensions(question: Question, environment: Environment | None, supply: Supply | None) -> list[Check]:
    loadable = tuple(path for path in question.so if is_elf(path))  # the others would be no use to exec
    return [
        check
        for path in question.so
        for check in extension_checks(path, environment, supply, question.ld_library_path, loadable)
    ]


def _machine(question: Question, cuda_major: int | None) -> list[Check]:
    return driver_checks(driver_facts(), cuda_major) if question.device == "cuda" else []
