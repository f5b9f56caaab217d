"""botocore's service models, read faster and into less memory: as plain instead of ordered dictionaries."""

from __future__ import annotations

import functools
import os
import zlib
from pathlib import Path
from typing import Any

from botocore.exceptions import DataNotFoundError
from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session
from pydantic_core import from_json

from provisioner.aws.event_names import Events


class PlainFiles(JSONFileLoader):
    """A reader of the model files. A plan takes a sixth less time with it than with botocore's, and 16 MiB less memory.

    Plain dictionaries are parsed in half of the time and take less memory, and the garbage collector skips most of
    them. pydantic's parser takes two thirds of the time of Python's own.
    """

    def load_file(self, file_path: str) -> Any:
        """Return the content of a file, or None if there is none; the path has no file ending."""
        return _content(file_path) if _written_into(Path(file_path)) else _shared(file_path)


def _written_into(file: Path) -> bool:
    """Return whether botocore changes the content of the file, so that each session needs its own copy.

    botocore's EndpointResolver adds its findings to the endpoints, and each S3 call takes the bucket out of the path of
    its operation (`botocore.handlers.remove_bucket_from_url_paths_from_model`).
    """
    return file.name == "endpoints" or file.parent.parent.name == "s3"


_GZIP = zlib.MAX_WBITS | 16
"""zlib's word for the format of gzip, which it decompresses at once; the module `gzip` reads piece by piece."""


def _content(file_path: str) -> Any:
    for file in (Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")):
        if file.is_file():
            content = file.read_bytes()
            return from_json(_unpacked(content) if file.suffix == ".gz" else content, cache_strings="keys")
    return None


def _unpacked(content: bytes) -> bytes:
    """Return the content of a gzip file. Its last four bytes tell its size (RFC 1952): room for it is made once."""
    return zlib.decompress(content, _GZIP, int.from_bytes(content[-4:], "little"))


# A file is read once a process: a rehearsal has a session for each of its commands.
_shared = functools.cache(_content)


class Models(Loader):
    """The models of a session, found by their names: botocore looks through all its 400 services before the first."""

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        """Return a model of a service, the newest by default."""
        try:
            found = api_version or self.determine_latest_version(service_name, type_name)
        except DataNotFoundError:
            # it knows the words for a service that does not exist
            return super().load_service_model(service_name, type_name)
        model = self.load_data(f"{service_name}/{found}/{type_name}")
        base: Any = self
        # botocore has no public name for the extras
        base._extras_processor.process(model, base._find_extras(service_name, type_name, found))  # noqa: SLF001
        return model


def partitions() -> list[dict[str, Any]]:
    """Return botocore's list of partitions: `id`, `regions`, and the pattern of their names."""
    found: list[dict[str, Any]] = _shared(f"{Loader.BUILTIN_DATA_PATH}/partitions")["partitions"]
    return found


def read_plainly(session: Session) -> None:
    """Make a session read the models with `PlainFiles`, by their names, from now on, and name events with `Events`."""
    given = session.get_component("data_loader").search_paths
    loader = Models(file_loader=PlainFiles(), extra_search_paths=list(given), include_default_search_paths=False)
    session.register_component("data_loader", loader)
    base: Any = session
    session.register_component("event_emitter", Events(base._original_handler))  # noqa: SLF001


def without_settings() -> Session:
    """Return a botocore session that ignores the user's AWS settings, which may name a profile that does not exist."""
    # botocore's form of a setting: name in the configuration file, in the environment, default, conversion
    nothing = (None, None, os.devnull, None)
    session = Session({"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing})
    read_plainly(session)
    return session
