"""Installations of ONNX Runtime that are not as pip leaves them, made in a folder: none is ever imported to any use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def record(site: Path, package: str, version: str) -> None:
    """Write down that pip has installed a package that owns `site`/onnxruntime."""
    info = site / f"{package.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    (info / "RECORD").write_text("onnxruntime/__init__.py,sha256=x,1\nonnxruntime/capi/__init__.py,sha256=x,1\n")


def shell(site: Path, *packages: tuple[str, str], cuda: str | None = None, providers: tuple[str, ...] = ()) -> Path:
    """Make an onnxruntime folder that these packages (name, version) own; return the folder."""
    folder = site / "onnxruntime"
    (folder / "capi").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "capi" / "__init__.py").touch()
    said = f"package_name = 'x'\n__version__ = 'x'\ncuda_version = {cuda!r}\n" if cuda else ""
    (folder / "capi" / "build_and_package_info.py").write_text(said)
    for provider in providers:
        (folder / "capi" / f"libonnxruntime_providers_{provider}.so").touch()
    for name, version in packages:
        record(site, name, version)
    return folder
