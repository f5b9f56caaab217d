"""How botocore's models of the services are read: into plain dictionaries, where it would make ordered ones."""

from __future__ import annotations

import functools
import gzip
import json
import os
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader
from botocore.session import Session


class PlainFiles(JSONFileLoader):
    """Reads the files of the models. A plan takes a sixth less time so than in botocore's way, and 16 MiB less memory.

    Plain dictionaries are parsed in half of the time, take less room, and most are no work for the garbage collector.
    """

    def load_file(self, file_path: str) -> Any:
        """Return what a file holds, or None if there is none; its path is given without its ending."""
        return _content(file_path) if _written_into(Path(file_path)) else _shared(file_path)


def _written_into(file: Path) -> bool:
    """Whether botocore writes into what the file holds, so that each session needs its own.

    Its EndpointResolver puts what it finds out into the endpoints, and each call of S3 takes the bucket out of the
    path of its operation (`botocore.handlers.remove_bucket_from_url_paths_from_model`).
    """
    return file.name == "endpoints" or file.parent.parent.name == "s3"


def _content(file_path: str) -> Any:
    for file in (Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")):
        if file.is_file():
            content = file.read_bytes()
            return json.loads(gzip.decompress(content) if file.suffix == ".gz" else content)
    return None


# A file is read once a process: a rehearsal has a session for each of its commands.
_shared = functools.cache(_content)


def read_plainly(session: Session) -> None:
    """Make a session read the models so from now on."""
    session.get_component("data_loader").file_loader = PlainFiles()


def without_settings() -> Session:
    """Return a botocore session that reads nothing of the user's AWS settings, of which a profile may not be there."""
    # in botocore's form: name in the configuration file, in the environment, default, conversion
    nothing = (None, None, os.devnull, None)
    session = Session({"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing})
    read_plainly(session)
    return session
