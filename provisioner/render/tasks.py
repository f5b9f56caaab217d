"""A task definition in the words of `stack.toml`: the image, the sizes, the ports and the variables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.config.secrets import VERSION_LABEL
from provisioner.docker.reference import DIGEST, parse
from provisioner.engine.planning.actions import HIDDEN_CHANGE, KNOWN_AFTER_UP, parsed
from provisioner.engine.resource import Change
from provisioner.render.differences import ABSENT, Leaf, leaves, line, shown

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.engine.planning.actions import Planned
    from provisioner.state.model import Record

CONTAINERS = "container_definitions"
SHORT_DIGEST = 12
"""The characters of a digest that are shown: as many as Docker shows of an image ID."""


@dataclass(frozen=True)
class Images:
    """Names of images for people.

    Attributes:
        sources: by the reference in a task definition, the image's source: its original, or its repository and tag.
        wanted: by service or job, the source of the image that `up` will make, or its build if no engine can tell.
    """

    sources: Mapping[str, str] = field(default_factory=dict)
    wanted: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Config, planned: Iterable[Planned], records: Mapping[str, Record]) -> Images:
        """Return the names of images from the records and from the images that the plan makes."""
        there = {
            str(record.outputs["reference"]): called
            for record in records.values()
            if record.outputs.get("reference") and (called := _called(record.type, record.arguments))
        }
        made = {
            item.address.partition("/")[2]: called
            for item in planned
            if (called := _called(item.address.partition("/")[0], {name: it.new for name, it in item.changes.items()}))
        }
        wanted = {}
        for name, workload in config.workloads.items():
            if found := made.get(config.image_of(name)):
                wanted[name] = found
            elif workload.build:
                wanted[name] = f"built from {workload.build}"
        return cls(there, wanted)


def _called(type_name: str, settings: Mapping[str, Any]) -> str:
    """Return the original of a copied image, or the repository and the source tag of a built one."""
    if type_name == "copied_image":
        return str(settings.get("source") or "")
    if type_name == "image" and settings.get("tag"):
        return f"{settings.get('repository_name')}:{settings['tag']}"
    return ""


@dataclass(frozen=True)
class Difference:
    """One difference, in words.

    Attributes:
        sign: `+`, `~` or `-`.
        text: the whole difference.
        brief: the same without a variable's values.
    """

    sign: str
    text: str
    brief: str


def differences(name: str, changes: Mapping[str, Change], images: Images) -> Iterator[Difference]:
    """Yield the differences in a task definition.

    Args:
        name: the service or job; its main container has the same name.
    """
    found = [leaf for field_name, one in changes.items() for leaf in leaves(field_name, one.old, one.new)]
    sizes = {leaf.path[0] for leaf in found if leaf.path in (("cpu",), ("memory",))}
    again = {(CONTAINERS, f"[{name}]", size) for size in sizes}
    found.sort(key=lambda leaf: leaf.path[-1] != "image")
    for leaf in _ports_paired([leaf for leaf in found if leaf.path not in again]):
        yield from _said(name, leaf, images)


def made_of(name: str, changes: Mapping[str, Change], images: Images) -> list[str]:
    """Return the important settings of a new task definition: image, cpu, memory and port."""
    said = []
    for container in parsed(_new(changes, CONTAINERS)) or ():
        image = _image(str(container.get("image")), images, images.wanted.get(name, ""))
        main = container.get("name") == name
        said.append(f"image {image}" if main else f"container {container.get('name')} of image {image}")
        ports = [str(port.get("containerPort")) for port in container.get("portMappings") or ()]
        said += [f"port {', '.join(ports)}"] if ports else []
    return [*said, *(f"{size} {_new(changes, size)}" for size in ("cpu", "memory") if _new(changes, size))]


def _new(changes: Mapping[str, Change], name: str) -> Any:
    return changes[name].new if name in changes else None


def _ports_paired(found: Sequence[Leaf]) -> Iterator[Leaf]:
    """Yield the differences; a removed and an added port of a container become one change of the port."""
    ports: dict[tuple[str, ...], list[Leaf]] = {}
    for leaf in found:
        if len(leaf.path) == 4 and leaf.path[2] == "portMappings":
            ports.setdefault(leaf.path[:3], []).append(leaf)
    pairs = {
        path: Leaf(path, old[0], new[0])
        for path, some in ports.items()
        if len(old := [_port(one) for one in some if one.new is ABSENT]) == 1
        and len(new := [_port(one) for one in some if one.old is ABSENT]) == 1
        and len(some) == 2
    }
    for leaf in found:
        if leaf.path[:3] not in pairs:
            yield leaf
        elif leaf.new is ABSENT:
            yield pairs[leaf.path[:3]]


def _port(leaf: Leaf) -> str:
    return leaf.path[3].strip("[]")


def _said(name: str, leaf: Leaf, images: Images) -> Iterator[Difference]:
    if leaf.path[0] == CONTAINERS and len(leaf.path) == 2 and ABSENT in (leaf.old, leaf.new):
        yield _container(leaf, images)
        return
    if leaf.path[0] != CONTAINERS or len(leaf.path) < 3:
        yield _plain(leaf)
        return
    container, rest = leaf.path[1].strip("[]"), Leaf(leaf.path[2:], leaf.old, leaf.new, leaf.moved)
    before = "" if container == name else f"container {container}: "
    for one in _in_container(rest, images, images.wanted.get(name, "") if container == name else ""):
        yield Difference(one.sign, f"{before}{one.text}", f"{before}{one.brief}")


def _container(leaf: Leaf, images: Images) -> Difference:
    """Return the difference of a whole container: a sidecar that is added or removed."""
    whole = leaf.new if leaf.old is ABSENT else leaf.old
    image = f" of image {_image(str(whole.get('image', '')), images)}" if isinstance(whole, Mapping) else ""
    return _named("container", leaf.path[1].strip("[]"), leaf, image)


def _in_container(leaf: Leaf, images: Images, wanted: str) -> Iterator[Difference]:
    match leaf.path:
        case ("image",):
            text = f"image {_both(_image(str(leaf.old), images), _image(str(leaf.new), images, wanted))}"
            yield Difference("~", text, text)
        case ("portMappings",) if isinstance(leaf.old, str) and isinstance(leaf.new, str):
            text = f"port {leaf.old} -> {leaf.new}"
            yield Difference("~", text, text)
        case ("portMappings", _):
            yield _named("port", _port(Leaf(("", "", *leaf.path), None, None)), leaf, "")
        case ("environment", variable):
            value = "" if HIDDEN_CHANGE in (leaf.old, leaf.new) else f": {_from_to(leaf)}"
            yield _named("", variable, leaf, value)
        case ("secrets", variable):
            value = "" if ABSENT in (leaf.old, leaf.new) else f": is read from {shown(leaf.new)}"
            yield _named("secret", variable, leaf, value)
        case ("dockerLabels", label) if label.startswith(VERSION_LABEL):
            # added and removed secrets are shown by `secrets`
            if ABSENT not in (leaf.old, leaf.new):
                yield Difference("~", line(leaf), f"secret {label.removeprefix(VERSION_LABEL)} changed")
        case ("cpu" | "memory" as size,):
            text = (
                f"{size} {shown(leaf.old)} -> {shown(leaf.new)}" if ABSENT not in (leaf.old, leaf.new) else line(leaf)
            )
            yield Difference("~", text, text)
        case _:
            yield _plain(leaf)


def _named(what: str, name: str, leaf: Leaf, value: str) -> Difference:
    sign = "+" if leaf.old is ABSENT else "-" if leaf.new is ABSENT else "~"
    word = {"+": "added", "-": "removed", "~": "changed"}[sign]
    called = f"{what} {name}".strip()
    return Difference(sign, f"{called} {word}{value}", f"{called} {word}")


def _from_to(leaf: Leaf) -> str:
    if leaf.old is ABSENT or leaf.new is ABSENT:
        return shown(leaf.new if leaf.old is ABSENT else leaf.old)
    return f"{shown(leaf.old)} -> {shown(leaf.new)}"


def _plain(leaf: Leaf) -> Difference:
    """Return any other difference as its line, without the sign that the line already begins with."""
    if leaf.path in (("cpu",), ("memory",)):
        text = f"{leaf.path[0]} {shown(leaf.old)} -> {shown(leaf.new)}"
        return Difference("~", text, text)
    text = line(leaf)
    if text[:2] in ("+ ", "- "):
        word = "added" if text[0] == "+" else "removed"
        return Difference(text[0], text[2:], f"{leaf.name} {word}")
    return Difference("~", text, f"{leaf.name} changed")


def _image(reference: str, images: Images, wanted: str = "") -> str:
    """Return the name of an image for people: its source, with the begin of its digest."""
    source = wanted if reference == KNOWN_AFTER_UP and wanted else images.sources.get(reference, reference)
    try:
        named = parse(source)
    except ValueError:
        return shown(source)
    digest = named.digest or (DIGEST.search(reference) or [""])[0]
    short = f"({digest[: len('sha256:') + SHORT_DIGEST]}…)" if digest else ""
    called = source.partition("@")[0]
    return f"{called} {short}".strip()


def _both(old: str, new: str) -> str:
    """Return the change of an image; within the same repository only the tags."""
    (before, _, former), (after, _, tag) = (one.partition(" ")[0].rpartition(":") for one in (old, new))
    if before and before == after and "/" not in tag:
        return f"{former}{old[len(before) + len(former) + 1 :]} -> {tag}{new[len(after) + len(tag) + 1 :]}"
    return f"{old} -> {new}"
