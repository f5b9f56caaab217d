"""Reduce AWS's schemas of its resource types, from cfn-lint's package, to the parts that CloudControl reads.

Run it after an update of cfn-lint, which is a developer's program and no dependency:

    pip download --no-deps cfn-lint==1.58.0
    python -m zipfile -e cfn_lint-*.whl cfn
    python tools/make_schemas.py cfn

It writes both files: the tool's, with the reduced schemas of all types that Cloud Control serves; and the embedded
cloud's, with the whole schemas of the few types that it offers. The same input gives the same bytes.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
TOOL = ROOT / "provisioner/resources/cloudcontrol/schemas.zip"
EMULATOR = ROOT / "emulator/ecs_emulator/cloudcontrol/schemas.zip"
OFFERED = (
    "AWS::CloudWatch::Alarm", "AWS::DynamoDB::Table", "AWS::Events::Rule", "AWS::Kinesis::Stream",
    "AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::SSM::Parameter",
    "AWS::SecretsManager::Secret",
)  # fmt: skip
"""The types that the embedded cloud offers."""
SHAPE = ("type", "items", "properties", "$ref", "insertionOrder")
"""The members that are kept of a property's shape."""
KEPT = (
    "primaryIdentifier", "readOnlyProperties", "writeOnlyProperties", "createOnlyProperties",
    "conditionalCreateOnlyProperties", "required", "handlers", "tagging",
)  # fmt: skip
"""The members that are kept of a type, besides its properties."""


def main(package: Path) -> None:
    """Write both files from an unpacked cfn-lint."""
    schemas = package / "cfnlint/data/schemas"
    (metadata,) = package.glob("cfn_lint-*.dist-info")
    about = PathDistribution(metadata).metadata
    origin = {
        "package": f"cfn-lint {about['Version']}",
        "license": about["License-Expression"],
        "schemas": json.loads((schemas / "version.json").read_text())["schema_date"],
    }
    cut: dict[str, dict[str, Any]] = defaultdict(dict)
    whole: dict[str, dict[str, Any]] = defaultdict(dict)
    for path in sorted((schemas / "resources").glob("*.json")):
        schema = json.loads(path.read_text())
        name = schema["typeName"]
        # without handlers Cloud Control does not serve the type
        if not schema.get("handlers"):
            continue
        service = name.split("::")[1]
        cut[service][name] = _cut(schema)
        if name in OFFERED:
            whole[service][name] = schema
    _write(TOOL, origin, cut)
    names = sorted(name for types in cut.values() for name in types)
    _write(EMULATOR, {**origin, "types": names}, whole)


def _cut(schema: Mapping[str, Any]) -> dict[str, Any]:
    shapes = {
        part: {name: _shape(one) for name, one in schema[part].items()}
        for part in ("properties", "definitions")
        if schema.get(part)
    }
    return {**{name: schema[name] for name in KEPT if name in schema}, **shapes}


def _shape(value: Any) -> Any:
    if isinstance(value, list):
        return [_shape(one) for one in value]
    if not isinstance(value, dict):
        return value
    inner = {name: _shape(value[name]) for name in SHAPE if name in value and name != "properties"}
    if isinstance(value.get("properties"), dict):
        inner["properties"] = {name: _shape(one) for name, one in value["properties"].items()}
    return inner


def _write(path: Path, origin: Mapping[str, Any], services: Mapping[str, Mapping[str, Any]]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {"origin": origin, **dict(sorted(services.items()))}.items():
            # without the time of day, the bytes are the same each time
            entry = zipfile.ZipInfo(f"{name}.json")
            entry.compress_type = zipfile.ZIP_DEFLATED
            text = json.dumps(content, separators=(",", ":"), sort_keys=name == "origin")
            archive.writestr(entry, text, compresslevel=9)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
