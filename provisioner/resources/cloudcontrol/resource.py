"""Resource types made from AWS's schemas: find, create, compare, change and delete through the Cloud Control API."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, make_dataclass, replace
from functools import partial
from typing import Any, ClassVar, cast

from botocore.exceptions import ClientError

from provisioner.aws import durations
from provisioner.aws.api import Tags
from provisioner.aws.client import Aws
from provisioner.aws.durations import Takes
from provisioner.aws.errors import IgnoreNotFound, code_of, denied, not_found
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.tagging import TagsItself, observed, tag_map
from provisioner.engine.errors import Failed, OutcomeUnknown
from provisioner.engine.resource import DATA, RESOURCE_TYPES, Change, Changes, Observed, Resource
from provisioner.engine.traits import ListedLate
from provisioner.resources.cloudcontrol import comparison, hidden, requests
from provisioner.resources.cloudcontrol.data_free import DATA_FREE
from provisioner.resources.cloudcontrol.identifiers import ends, guesses, is_about, last_part, named_alike
from provisioner.resources.cloudcontrol.permissions import of_schema
from provisioner.resources.cloudcontrol.requests import CLIENT, TOKEN, followed
from provisioner.resources.cloudcontrol.schemas import Schema, shipped

FIRST_LOOK = 60.0
"""Seconds within which a creation must name the resource.

CloudFormation gives up a creation that does not (AWS re:Post knowledge center, "Resource timed out waiting for creation
of physical resource").
"""
CHANGE_LOOK = 300.0
"""Seconds for which a change or a deletion is followed before the run checks the resource itself."""
AGAIN: Mapping[str, frozenset[str]] = {"AWS::SecretsManager::Secret": frozenset({"GenerateSecretString"})}
"""Write-only properties that take effect again at each change, by type.

Source: CloudFormation reference, AWS::SecretsManager::Secret. No document says whether sending the same value again has
an effect: it is sent only when its declaration has changed.
"""
FAILED = "FAILED: "
HOLDS = "holds_data"
"""The setting by which a declaration says whether the resource holds data; it is recorded, and no property of AWS."""


class CloudControlResource(ListedLate, TagsItself, Resource, abstract=True):
    """Base of all types that are made from a schema. Its fields are AWS's properties, under AWS's own names.

    It holds data unless its declaration says that it does not, or its type stands in `data_free`.

    A property that is not declared belongs to AWS: it is neither compared nor changed. An observed resource's `asked`
    holds the last declaration. It shows a property that was removed from the declaration, and is then removed from the
    resource, and a change of a write-only property.
    """

    schema: ClassVar[Schema]
    api = requests.API
    takes = Takes(
        ready=(durations.CLOUD_CONTROL_BEGINS, durations.CLOUD_CONTROL_OPERATION),
        gone=(durations.CLOUD_CONTROL_BEGINS, durations.CLOUD_CONTROL_OPERATION),
    )
    # a created resource is found by its client token, and by the requests of the last week
    listed_within = 1
    ignore_changes = frozenset({HOLDS})
    create_timeout = 1800
    delete_timeout = 1800

    def fields(self) -> dict[str, Any]:
        named, found = self.schema.identity, super().fields()
        return {name: value for name, value in found.items() if name != HOLDS and (value is not None or name in named)}

    def recorded(self) -> dict[str, Any]:
        said = vars(self)[HOLDS]
        return super().recorded() if said is None else {**super().recorded(), HOLDS: said}

    @classmethod
    def data(cls, settings: Mapping[str, Any]) -> str:
        said = settings.get(HOLDS)
        return DATA if (cls.type_name not in DATA_FREE if said is None else said) else ""

    @classmethod
    def held(cls, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        return hidden.held(cls.schema, settings)

    @classmethod
    def shown(cls, changes: Changes) -> Changes:
        return {name: hidden.told(cls.schema, name.partition("/")[0], change) for name, change in changes.items()}

    # -- finding ---------------------------------------------------------------------------------------------------

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        records = aws.knowledge.of(cls)
        ids = {record.id for record in records if record.id} | cls._named(aws, known, records)
        if any(record.phase == "creating" for record in records):
            ids |= requests.created(aws, cls.type_name)
        found = list(cls._read(aws, ids))
        yield from found
        there = {live.id for live in found} | {live.outputs.get("Arn") for live in found}
        tagged = [arn for arn in cls._tagged(aws) if arn not in there]
        yield from (live for live in cls._by_arn(aws, tagged) if live.id not in there)

    @classmethod
    def read_some(cls, aws: Aws, known: Sequence[Mapping[str, Any]], ids: Collection[str]) -> Iterable[Observed] | None:
        return cls._read(aws, ids)

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        return next(cls._read(aws, [id]), None)

    @classmethod
    def _named(cls, aws: Aws, known: Sequence[Mapping[str, Any]], records: Sequence[Any]) -> set[str]:
        """Return the identifiers of unrecorded resources that may exist under a declared name."""
        names = cls.schema.identity
        recorded = [tuple(record.arguments.get(name) for name in names) for record in records if record.id]
        wanted = {tuple(fields.get(name) for name in names) for fields in known} - {*recorded}
        known_names = [[str(one) for one in values] for values in wanted if values and None not in values]
        if names == cls.schema.primary:
            return {"|".join(values) for values in known_names}
        firsts = {values[0] for values in known_names}
        return {one for one in cls._all(aws) if any(ends(one, first) for first in firsts)} if firsts else set()

    @classmethod
    def _tagged(cls, aws: Aws) -> Sequence[str]:
        """Return the ARNs of resources whose tags have an address of this type, if the tagging API shows them."""
        tagged = dict(aws.inventory.tagged(aws))
        return [a for a, tags in tagged.items() if (aws.address_in(tags) or "").startswith(f"{cls.type_name}/")]

    @classmethod
    def _by_arn(cls, aws: Aws, arns: Sequence[str]) -> Iterator[Observed]:
        """Yield the resources with these ARNs: try identifiers guessed from the ARN, then search the list by name."""
        unread = []
        for arn in arns:
            # if the name is the identifier, some services take the ARN as well
            likely = guesses(arn) if cls.schema.identity == cls.schema.primary else [arn]
            live = next((one for guess in likely for one in cls._read(aws, [guess], guessed=True)), None)
            if live and live.address:
                yield live
            else:
                unread.append(arn)
        if unread:
            names = {last_part(arn) for arn in unread}
            yield from cls._read(aws, [one for one in cls._all(aws) if any(ends(one, name) for name in names)])

    @classmethod
    def _all(cls, aws: Aws) -> Sequence[str]:
        """Return all identifiers that AWS lists for the type; none if it lists them only below other resources."""
        if not cls.schema.listed_alone:
            return []
        pages = aws.pages(CLIENT, "list_resources", "ResourceDescriptions", TypeName=cls.type_name)
        return [one["Identifier"] for one in pages]

    @classmethod
    def _read(cls, aws: Aws, ids: Iterable[str], *, guessed: bool = False) -> Iterator[Observed]:
        wanted = sorted({*ids})
        models = aws.each(partial(cls._model, aws, guessed=guessed), wanted)
        there = {
            cls._identifier(model, one): model for one, model in zip(wanted, models, strict=True) if model is not None
        }
        going = requests.under_way(aws, cls.type_name) if there else {}
        for one, model in there.items():
            yield cls._live(aws, one, model, going.get(one, ""))

    @classmethod
    def _identifier(cls, model: Mapping[str, Any], asked: str) -> str:
        """Return the identifier that AWS shows; some services also answer to another name of the resource."""
        parts = [comparison.at(model, name.split("/")) for name in cls.schema.primary]
        return "|".join(parts) if parts and all(isinstance(part, str) for part in parts) else asked

    @classmethod
    def _model(cls, aws: Aws, identifier: str, *, guessed: bool = False) -> Mapping[str, Any] | None:
        """Return the properties that AWS shows of a resource, or None if there is none.

        Args:
            guessed: whether the identifier is a guess, which may be malformed.
        """
        try:
            found = aws.client(CLIENT).get_resource(TypeName=cls.type_name, Identifier=identifier)
        except ClientError as error:
            if not_found(error, CLIENT) or (guessed and not denied(error) and _malformed(error)):
                return None
            raise
        model: Mapping[str, Any] = json.loads(found["ResourceDescription"]["Properties"])
        return model

    @classmethod
    def _live(cls, aws: Aws, identifier: str, model: Mapping[str, Any], operation: str = "") -> Observed:
        schema = cls.schema
        attributes = {name: value for name, value in model.items() if name in schema.settable}
        outputs = {
            "_".join(way): value
            for way in schema.ways("readOnlyProperties")
            if (value := comparison.at(model, way)) is not None and "_".join(way) in cls.outputs
        }
        outputs["Identifier"] = identifier
        tags = _tags(model.get(schema.tag_property)) if schema.tag_property else {}
        address = aws.address_in(tags)
        record = next((one for one in aws.knowledge.of(cls) if is_about(one, identifier, address)), None)
        status = f"{operation} IN_PROGRESS" if operation else cls._failure(aws, record)
        live = observed(aws, identifier, attributes, tags, outputs, status=status, deleting=operation == "DELETE")
        owned = live.owned if schema.tag_property else cls._recorded(aws, identifier, attributes)
        asked = record.arguments if record and live.owned | owned else {}
        return replace(live, owned=owned, asked=asked)

    @classmethod
    def _recorded(cls, aws: Aws, identifier: str, attributes: Mapping[str, Any]) -> bool:
        """Return whether a resource without tags is recorded, or has a name whose create call got no answer."""
        names = cls.schema.identity
        return any(
            record.id == identifier
            or (record.phase == "creating" and names and named_alike(names, record.arguments, attributes))
            for record in aws.knowledge.of(cls)
        )

    @classmethod
    def _failure(cls, aws: Aws, record: Any) -> str:
        """Return the reason if AWS failed to create a recorded resource; empty if it did not fail."""
        if record is None or record.phase != "created" or not (token := record.outputs.get(TOKEN)):
            return ""
        why = cls.creation_failed(aws, {TOKEN: token})
        return FAILED + why if why else ""

    # -- writing ---------------------------------------------------------------------------------------------------

    def create(self, aws: Aws, token: str) -> Observed:
        wanted = {name: value for name, value in self.fields().items() if value is not None}
        secrets = hidden.texts(self.schema, wanted)
        if where := self.schema.tag_property:
            wanted[where] = self._tag_value(self._all_tags(aws))
        begun = aws.client(CLIENT).create_resource(
            TypeName=self.type_name, ClientToken=token, DesiredState=json.dumps(wanted, sort_keys=True)
        )["ProgressEvent"]
        event = followed(aws, begun, FIRST_LOOK, secrets, lambda it: it.get("Identifier"))
        identifier = event.get("Identifier")
        if not identifier:
            raise OutcomeUnknown(f"AWS has not named {self.address} yet")
        # when a token is sent again, the event contains only the identifier
        model = None if requests.running(event) else self._model(aws, identifier)
        if model is not None:
            return self._live(aws, identifier, model)
        attributes = {name: value for name, value in self.fields().items() if value is not None}
        outputs = {"Identifier": identifier, TOKEN: event[TOKEN]}
        return Observed(identifier, attributes, outputs, self.address, status="CREATE IN_PROGRESS")

    def differences(self, live: Observed) -> dict[str, Change]:
        """Return the declared properties that differ, and the last declared properties that are no longer declared.

        A part of a property that AWS cannot change has a name of its own: `Property/Part`.
        """
        schema, wanted, found = self.schema, self.fields(), dict[str, Change]()
        for name, value in wanted.items():
            old, before = live.attributes.get(name), live.asked.get(name)
            if value is None:
                continue
            if name == schema.tag_property:
                if self._tags_differ(old, value, before):
                    found[name] = Change(_own(old), value)
                continue
            stuck = comparison.differing(schema, schema.create_only, live.attributes, name, value)
            found |= {"/".join(w): Change(comparison.at(live.attributes, w), comparison.at(wanted, w)) for w in stuck}
            if not stuck and self._differs(name, old, value, before):
                found[name] = Change(before if (name,) in schema.write_only else old, value)
        for name, before in live.asked.items():
            kept = name in (schema.tag_property, *schema.identity) or wanted.get(name) is not None
            if before is not None and not kept and name in live.attributes:
                found[name] = Change(live.attributes[name], None)
        return found

    def _differs(self, name: str, live: Any, wanted: Any, before: Any) -> bool:
        if before is not None:
            now = self.held(self.fields())[name]
            if hidden.digests(self.schema, name, now) != hidden.digests(self.schema, name, before):
                return True
        different = not comparison.same(self.schema, name, live, wanted)
        return different or comparison.taken_out(live, wanted, before)

    @staticmethod
    def _tags_differ(live: Any, wanted: Any, before: Any) -> bool:
        there, new = _tags(live), _tags(wanted)
        gone = _tags(before).keys() - new.keys()
        return not new.items() <= there.items() or bool(gone & there.keys())

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        patch = [operation for name in changes for operation in self._patch(aws, live, name)]
        # AWS would remove properties that it cannot show, unless they are sent again (Cloud Control user guide,
        # updating a resource)
        sent_again = {way[0] for way in self.schema.write_only - self.schema.create_only if len(way) == 1}
        sent_again -= changes.keys() | AGAIN.get(self.type_name, frozenset())
        patch += [
            {"op": "add", "path": comparison.pointer((name,)), "value": value}
            for name, value in self.fields().items()
            if name in sent_again and value is not None
        ]
        self._send(aws, live.id, patch, hidden.texts(self.schema, self.fields()))

    def _patch(self, aws: Aws, live: Observed, name: str) -> comparison.Patch:
        old, before, path = live.attributes.get(name), live.asked.get(name), comparison.pointer((name,))
        value = self.fields().get(name)
        if value is None:
            return [{"op": "remove", "path": path}]
        if name == self.schema.tag_property:
            gone = _tags(before).keys() - _tags(value).keys()
            kept = {key: one for key, one in _tags(old).items() if key not in gone and not key.startswith("aws:")}
            all_tags = {**kept, **self._all_tags(aws)}
            return [{"op": "add", "path": path, "value": self._tag_value(all_tags)}]
        return comparison.patch(self.schema, name, old, value, before)

    @classmethod
    def _send(cls, aws: Aws, identifier: str, patch: comparison.Patch, secrets: Collection[str] = ()) -> None:
        event = aws.client(CLIENT).update_resource(
            TypeName=cls.type_name,
            Identifier=identifier,
            ClientToken=aws.pace.runtime.token(),
            PatchDocument=json.dumps(patch),
        )["ProgressEvent"]
        followed(aws, event, CHANGE_LOOK, secrets)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        with IgnoreNotFound():
            event = aws.client(CLIENT).delete_resource(
                TypeName=cls.type_name, Identifier=live.id, ClientToken=aws.pace.runtime.token()
            )["ProgressEvent"]
            followed(aws, event, CHANGE_LOOK)

    # -- tags ------------------------------------------------------------------------------------------------------

    @classmethod
    def read_tags(cls, aws: Aws, live: Observed) -> Tags:
        return _tags((cls._model(aws, live.id) or {}).get(cls.schema.tag_property))

    @classmethod
    def put_tags(cls, aws: Aws, live: Observed, tags: Mapping[str, str]) -> None:
        there = {key: value for key, value in cls.read_tags(aws, live).items() if not key.startswith("aws:")}
        value = cls._tag_value({**there, **tags})
        cls._send(aws, live.id, [{"op": "add", "path": comparison.pointer((cls.schema.tag_property,)), "value": value}])

    @classmethod
    def drop_tags(cls, aws: Aws, live: Observed, keys: Collection[str]) -> None:
        there = {key: value for key, value in cls.read_tags(aws, live).items() if not key.startswith("aws:")}
        value = cls._tag_value({key: one for key, one in there.items() if key not in keys})
        cls._send(aws, live.id, [{"op": "add", "path": comparison.pointer((cls.schema.tag_property,)), "value": value}])

    def own_tags(self) -> Tags:
        return _tags(self.fields().get(self.schema.tag_property)) if self.schema.tag_property else {}

    def _all_tags(self, aws: Aws) -> Tags:
        """Return all tags of the resource: its own declared tags count before the tags of the stack."""
        return {**aws.chosen, **self.own_tags(), **aws.owner_tags(self.address)}

    @classmethod
    def _tag_value(cls, tags: Mapping[str, str]) -> Any:
        return dict(tags) if cls.schema.tags_are_map else tag_pairs(tags)

    # -- waiting ---------------------------------------------------------------------------------------------------

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        if live.status.startswith(FAILED):
            raise Failed(live.status.removeprefix(FAILED))
        return live.status or None

    @classmethod
    def creation_failed(cls, aws: Aws, outputs: Mapping[str, Any]) -> str:
        if not (token := outputs.get(TOKEN)):
            return ""
        try:
            event = aws.client(CLIENT).get_resource_request_status(RequestToken=token)["ProgressEvent"]
        except ClientError as error:
            # AWS forgets a token after a week
            if code_of(error) == "RequestTokenNotFoundException":
                return ""
            raise
        return requests.failure(event)


def type_of_aws(name: str, schema: Schema | None = None) -> type[CloudControlResource]:
    """Return the resource type with AWS's name; it is made at its first use.

    Without a schema, as for a type newer than this version, a recorded resource can still be found by its identifier
    and deleted.

    Args:
        schema: its schema, if this version does not have it.
    """
    known = RESOURCE_TYPES.get(name)
    if known is not None and issubclass(known, CloudControlResource) and (schema is None or known.schema == schema):
        return known
    schema = schema or shipped(name) or Schema(name, {"properties": {}, "handlers": {}})
    outputs = ["_".join(way) for way in sorted(schema.ways("readOnlyProperties")) if "*" not in way]
    namespace = {
        "__module__": __name__,
        "type_name": name,
        "schema": schema,
        "permissions": (*of_schema(schema),),
        "has_tags": bool(schema.tag_property),
        "identity": schema.identity,
        "create_only": frozenset("/".join(way) for way in schema.create_only),
        "outputs": (*(one for one in outputs if not hidden.secret_name(one)), "Identifier"),
        "derived": ("id", "Identifier") if schema.identity and schema.identity == schema.primary else (),
    }
    made = make_dataclass(
        name.replace("::", "_"),
        [(one, Any, field(default=None)) for one in (*schema.settable, HOLDS)],
        bases=(CloudControlResource,),
        namespace=namespace,
        frozen=True,
    )
    return cast("type[CloudControlResource]", made)


def _malformed(error: ClientError) -> bool:
    code = error.response["Error"].get("Code", "")
    return code in ("ValidationException", "InvalidRequestException", "GeneralServiceException", "NotFound")


def _tags(value: Any) -> Tags:
    """Return tags by key from a list of pairs or a mapping."""
    return dict(value) if isinstance(value, Mapping) else tag_map(value)


def _own(value: Any) -> Tags:
    """Return the tags except AWS's and this tool's own, which no declaration contains."""
    return {key: one for key, one in _tags(value).items() if not key.startswith(("aws:", "provisioner:"))}
