"""The user's own steps and resource types: Python files beside the configuration, imported if the user trusts them."""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING

import provisioner
from provisioner.aws.api import Api, apis, keep_only
from provisioner.config.paths import STATE
from provisioner.engine import own_code
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.context import own_step_trust

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options

LARGEST = 1_000_000
"""The limit for the sum of all files, in bytes."""


@dataclass(frozen=True)
class Own:
    """The folder of own steps with its files.

    Attributes:
        folder: its real path.
        files: the contents of its Python files, those in subfolders included, by relative path.
    """

    folder: Path
    files: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """The SHA-256 of all file names and contents."""
        parts = [f"{name}\0{len(text)}\0".encode() + text for name, text in sorted(self.files.items())]
        return hashlib.sha256(b"".join(parts)).hexdigest()

    @property
    def hashes(self) -> dict[str, str]:
        """The SHA-256 of each file, by relative path."""
        return {name: hashlib.sha256(text).hexdigest() for name, text in self.files.items()}

    @property
    def lines(self) -> int:
        """The number of lines in all files."""
        return sum(text.count(b"\n") for text in self.files.values())

    @property
    def modules(self) -> list[str]:
        """The names of the modules to import: the files of the folder itself."""
        return [name.removesuffix(".py") for name in sorted(self.files) if "/" not in name and name != "__init__.py"]


def load(options: Options, config: Config, *, ask: bool = True) -> None:
    """Import the user's own steps and types, if there are any and they are trusted; remove earlier imported ones.

    Args:
        ask: whether the command needs own steps. If so the user is asked for trust, and a problem is an error.
            Otherwise untrusted steps are left out, and a problem is only reported.

    Raises:
        ConfigurationError: they are not trusted, other users could write to them, or the import fails.
    """
    try:
        _load(options, config, ask=ask)
    except ConfigurationError as error:
        if ask:
            raise
        options.report(f"note: own steps are left out: {error}")


def _load(options: Options, config: Config, *, ask: bool) -> None:
    own = find(options, config)
    if own is None:
        unload()
        return
    if not own_step_trust.is_trusted(own.folder, own.digest, own.hashes):
        if not ask:
            unload()
            if changed := own_step_trust.changes(own.folder, own.hashes):
                options.report(f"note: own steps are left out: changed since you trusted them ({changed})")
            return
        what = f"{', '.join(sorted(own.files))}: {own.lines} lines of Python"
        own_step_trust.ask(options, own.folder, own.digest, own.hashes, what)
    if (finder := _finder()) and finder.own == own:
        return
    unload()
    try:
        _import(own)
    except BaseException:
        unload()
        raise


def find(options: Options, config: Config) -> Own | None:
    """Return the folder with its files; None if there is no folder, or it is the tool's own `steps` in a clone.

    Raises:
        ConfigurationError: the configured folder does not exist, another user could write to it, or it is too large.
    """
    named = config.steps.dir
    folder = options.file.parent / named
    if not folder.is_dir():
        if "dir" in config.steps.model_fields_set:
            raise ConfigurationError(
                f'{options.file}: steps.dir: there is no folder "{named}": make it, or remove the key'
            )
        return None
    real = folder.resolve()
    if real in _tools_own(real):
        return None
    files: dict[str, bytes] = {}
    own_step_trust.check_writers(real)
    for path in _python_files(real):
        own_step_trust.check_writers(path)
        files[path.relative_to(real).as_posix()] = path.read_bytes()
        if sum(map(len, files.values())) > LARGEST:
            raise ConfigurationError(f"{folder} has more than {LARGEST} bytes of Python: move other code elsewhere")
    return Own(real, files) if files else None


def _tools_own(folder: Path) -> Sequence[Path]:
    """Return the folders of the tool's own steps: this installation's, and that of a clone around `folder`."""
    return [(where / "steps").resolve() for where in (Path(provisioner.__file__).parent, folder.parent / "provisioner")]


def _python_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in {"__pycache__", STATE}:
            continue
        if path.is_dir():
            own_step_trust.check_writers(path)
            yield from _python_files(path)
        elif path.suffix == ".py":
            yield path


class _Finder(MetaPathFinder, InspectLoader):
    """An importer of the own modules, from the same bytes whose SHA-256 the user trusted.

    It uses no compiled files and no libraries in the folder.

    Args:
        apis: the tool's APIs before the import, by name.
    """

    def __init__(self, own: Own, apis: Mapping[str, Api]) -> None:
        self.own, self.apis = own, apis

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module of the own package; None for every other module."""
        if fullname != own_code.PACKAGE and not fullname.startswith(f"{own_code.PACKAGE}."):
            return None
        file, is_package = self._file(fullname)
        if not is_package and file not in self.own.files:
            return None
        spec = ModuleSpec(fullname, self, origin=str(self.own.folder / file), is_package=is_package)
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [str((self.own.folder / file).parent)]
        return spec

    def _file(self, fullname: str) -> tuple[str, bool]:
        """Return the file of a module, and whether the module is a package. A package's file need not exist."""
        below = "/".join(fullname.split(".")[1:])
        prefix = f"{below}/" if below else ""
        if not below or any(name.startswith(prefix) for name in self.own.files):
            return f"{prefix}__init__.py", True
        return f"{below}.py", False

    def get_source(self, fullname: str) -> str:
        """Return a module's source; empty for a package without an `__init__.py`."""
        from importlib.util import decode_source

        return decode_source(self.own.files.get(self._file(fullname)[0], b""))

    def get_code(self, fullname: str) -> CodeType:
        """Return a module's code, compiled from the trusted bytes."""
        file = self._file(fullname)[0]
        return self.source_to_code(self.own.files.get(file, b""), str(self.own.folder / file))


def _finder() -> _Finder | None:
    return next((one for one in sys.meta_path if isinstance(one, _Finder)), None)


def _import(own: Own) -> None:
    # imported here: it loads all types and steps, which most commands of a project without own steps do not need
    from provisioner.operations.context import own_step_checks

    before = dict(apis())  # by now all the tool's types are imported, so their APIs and names are known
    sys.meta_path.insert(0, _Finder(own, before))
    for module in own.modules:
        if not module.isidentifier():
            raise ConfigurationError(
                f"{own.folder.name}/{module}.py cannot be imported by that name: use letters, digits and _"
            )
        try:
            importlib.import_module(f"{own_code.PACKAGE}.{module}")
        except SyntaxError as error:
            where = f"{own_code.shown(error.filename or module)}:{error.lineno or 1}"
            raise ConfigurationError(f"{where}: is not Python: {error.msg}: correct that line") from error
        except Exception as error:
            raise own_code.blamed(error, "cannot be imported", f"{own.folder.name}/{module}.py") from error
    own_step_checks.check_apis(before)
    own_step_checks.check()


def unload() -> None:
    """Remove the imported own modules, with their steps, types and APIs."""
    if (finder := _finder()) is None:
        return
    from provisioner.operations.context import own_step_checks

    sys.meta_path[:] = [one for one in sys.meta_path if not isinstance(one, _Finder)]
    own_step_checks.forget()
    keep_only(finder.apis)
    for name in [name for name in sys.modules if name.split(".", 1)[0] == own_code.PACKAGE]:
        del sys.modules[name]
