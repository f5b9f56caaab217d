"""Speed moto up: keep results that it would read or compute again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import PurePath
from string import ascii_letters, digits
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from botocore.client import ClientCreator
from botocore.hooks import EventAliaser
from botocore.loaders import JSONFileLoader, Loader

from ecs_emulator.patch import replace, wrap

_OFFERINGS = "ec2/resources/instance_type_offerings"


def read_botocore_data_once(read: Callable[[str], Any] | None = None) -> None:
    """Share botocore's parsed data. Call this before moto is imported: its backends create a session each.

    moto gets its own copies of dictionaries, because it adds its own files to the models (`moto.core.loaders`). Each
    session gets its own copy of the data that botocore writes into.

    Args:
        read: returns the content of a file by its path without the ending, or None if there is no file; by default
            botocore's own reader. Other users may share its results, except for data that botocore writes into.
    """
    parsed = read or JSONFileLoader().load_file
    kept = cache(lambda file_path: _own(parsed(file_path), levels=4))

    @replace(JSONFileLoader, "load_file")
    def load_file(_: Any, file_path: str) -> Any:
        # parsing it again takes a fifth of the time of a deep copy
        return parsed(file_path) if _written_into(PurePath(file_path)) else kept(file_path)

    listed: dict[str, list[str]] = {}

    @wrap(Loader, "list_available_services")
    def list_available_services(original: Any, self: Any, *args: Any, **kwargs: Any) -> list[str]:
        key = repr((args, kwargs))
        if key not in listed:
            listed[key] = original(self, *args, **kwargs)
        return listed[key]


def _written_into(file: PurePath) -> bool:
    """Return whether botocore writes into the content of a file; the file is given without its ending.

    botocore's EndpointResolver stores its results in the endpoints. Each call of S3 takes the bucket out of the path of
    its operation (`botocore.handlers.remove_bucket_from_url_paths_from_model`), which moto's router reads as well.
    """
    return file.name == "endpoints" or (file.name == "service-2" and file.parent.parent.name == "s3")


def _own(value: Any, levels: int) -> Any:
    """Return a copy of nested dictionaries, so many levels deep."""
    if not levels or not isinstance(value, dict):
        return value
    return {key: _own(item, levels - 1) for key, item in value.items()}


class Offerings(dict[str, Any]):
    """The offered instance types by Region; a Region's file is read at the first request for it."""

    def __init__(self, place: str, regions: Iterable[str], read: Callable[[str], Any]) -> None:
        super().__init__(dict.fromkeys(regions))
        self._place, self._read = place, read

    def __getitem__(self, region: str) -> Any:
        if super().__getitem__(region) is None:
            offered = self._read(f"{_OFFERINGS}/{self._place}/{region}.json")
            self[region] = [{**one, "LocationType": self._place} for one in offered]
        return super().__getitem__(region)

    def get(self, region: str, default: Any = None) -> Any:
        """Return the offers of a Region, or the default if there is no such Region."""
        return self[region] if region in self else default  # noqa: SIM401 (that would be this method)


def read_offerings_when_asked() -> None:
    """Read a Region's offered instance types at the first request, not all when moto is imported."""
    from moto.utilities import utils

    read = utils.load_resource

    @wrap(utils, "load_resource")
    def load_resource(original: Any, resource: str) -> Any:
        return [] if resource.startswith(_OFFERINGS) else original(resource)

    from moto.ec2.models import instance_types, instances, spot_requests

    found = instance_types.INSTANCE_TYPE_OFFERINGS
    for module in (instance_types, instances, spot_requests):
        replace(module, "INSTANCE_TYPE_OFFERINGS")({place: Offerings(place, found[place], read) for place in found})


def make_clients_at_once() -> None:
    """Share the class and the event aliases of a service's clients, which botocore computes for each client.

    Neither depends on the client: the class follows from the service's model, an event's alias from its name.
    """
    classes: dict[str, type] = {}
    aliases: dict[str, str] = {}

    @wrap(ClientCreator, "_create_client_class")
    def create_client_class(original: Any, self: Any, service_name: str, service_model: Any) -> type:
        if service_name not in classes:
            classes[service_name] = original(self, service_name, service_model)
        return classes[service_name]

    @wrap(EventAliaser, "__init__")
    def init(original: Any, self: Any, *arguments: Any, **more: Any) -> None:
        original(self, *arguments, **more)
        self._alias_name_cache = aliases


def install() -> None:
    """Apply all the other changes to moto, once it is imported."""
    _leave_what_is_discarded()
    _draw_at_once()
    _find_services_once()
    _find_backends_at_once()
    _parse_managed_policies_once()
    _list_moto_modules_once()
    _list_regions_once()
    _find_models_once()
    _compile_no_addresses()
    _share_one_private_key()
    _find_members_by_class()
    _write_xml_at_once()
    _find_security_groups_by_id()


def _leave_what_is_discarded() -> None:
    """Skip setting up a backend at a reset: it is forgotten at once, and created again on demand.

    Skip a class for each request as well, which would explain a missing file of a form to flask's user.
    """
    from flask import debughelpers
    from moto.core.base_backend import BaseBackend

    @replace(BaseBackend, "reset")
    def reset(self: Any) -> None:
        self.__dict__.clear()

    @replace(debughelpers, "attach_enctype_error_multidict")
    def attach_enctype_error_multidict(request: Any) -> None:
        pass


def _draw_at_once() -> None:
    """Draw all characters of a random text in one call: each answer has an id of 52."""
    from moto.moto_api._internal.moto_random import MotoRandom

    @replace(MotoRandom, "get_random_string")
    def get_random_string(
        self: Any,
        length: int = 20,
        include_digits: bool = True,
        lower_case: bool = False,
    ) -> str:
        drawn = "".join(self.choices(ascii_letters + (digits if include_digits else ""), k=length))
        return drawn.lower() if lower_case else drawn


def _find_services_once() -> None:
    """Keep the service of each host name, instead of trying the patterns of all services for each call."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication

    known: dict[str | None, Any] = {}

    @wrap(DomainDispatcherApplication, "get_backend_for_host")
    def get_backend_for_host(original: Any, self: Any, host: str | None) -> Any:
        if host not in known:
            known[host] = original(self, host)
        return known[host]


def _find_backends_at_once() -> None:
    """Find an account's backends without searching all services: a backend that exists is in use."""
    from moto.core.base_backend import BackendDict

    @wrap(BackendDict, "__getitem__")
    def getitem(original: Any, self: Any, account_id: str) -> Any:
        found = dict.get(self, account_id)
        return original(self, account_id) if found is None else found


def _parse_managed_policies_once() -> None:
    """Give each new IAM backend the same managed policies, attached to nobody; resets create backends."""
    from moto.iam.models import IAMBackend

    parsed: dict[tuple[str, str], list[Any]] = {}

    @wrap(IAMBackend, "_init_aws_policies")
    def init_aws_policies(original: Any, self: Any) -> list[Any]:
        key = (self.account_id, self.region_name)
        if key not in parsed:
            parsed[key] = original(self)
        for policy in parsed[key]:
            policy.attachment_count = 0
        return parsed[key]


def _list_moto_modules_once() -> None:
    """Read the directory of moto's modules only once, not at every call."""
    from moto import backends

    modules = tuple(backends.list_of_moto_modules())
    replace(backends, "list_of_moto_modules")(lambda: modules)


def _list_regions_once() -> None:
    """Ask botocore only once for the Regions of a service, not for each new backend."""
    from boto3 import Session

    regions: dict[tuple[Any, ...], list[str]] = {}

    @wrap(Session, "get_available_regions")
    def get_available_regions(original: Any, self: Any, *words: Any, **more: Any) -> list[str]:
        arguments = (*words, *more.items())
        if arguments not in regions:
            regions[arguments] = original(self, *words, **more)
        return list(regions[arguments])


def _find_models_once() -> None:
    """Search for botocore's models only once, not for each service."""
    from moto.core import utils
    from moto.core.loaders import create_loader

    replace(utils, "create_loader")(cache(create_loader))


def _compile_no_addresses() -> None:
    """Compile the code that builds a route's own URL only on demand: nothing here needs it."""
    from werkzeug.routing import Rule

    @wrap(Rule, "_compile_builder")
    def compile_builder(original: Any, self: Any, append_unknown: bool = True) -> Any:
        def build(rule: Any, **values: Any) -> Any:
            return original(self, append_unknown)(rule, **values)

        return build


def _share_one_private_key() -> None:
    """Use one RSA key for ACM's certificates and symmetric KMS keys: nobody sees it.

    Finding and checking primes takes long: these are the two largest of 1,024 bits.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from moto.acm.models import AWSCertificateManagerBackend, CertBundle
    from moto.kms.models import Key

    generate = rsa.generate_private_key

    @cache
    def key() -> rsa.RSAPrivateKey:
        p, q, e = 2**1024 - 105, 2**1024 - 179, 65537
        d = rsa.rsa_recover_private_exponent(e, p, q)
        dp, dq, inverse = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
        numbers = rsa.RSAPrivateNumbers(p, q, d, dp, dq, inverse, rsa.RSAPublicNumbers(e, p * q))
        return numbers.private_key(unsafe_skip_rsa_key_validation=True)

    @cache
    def written() -> bytes:
        form = serialization.PrivateFormat.TraditionalOpenSSL
        return key().private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())

    def with_shared_key(original: Any, *words: Any, **more: Any) -> Any:
        rsa.generate_private_key = lambda **_: key()
        try:
            return original(*words, **more)
        finally:
            rsa.generate_private_key = generate

    wrap(AWSCertificateManagerBackend, "request_certificate")(with_shared_key)

    @wrap(CertBundle, "validate_pk")
    def validate_pk(original: Any, self: Any) -> Any:
        return key() if self.key == written() else original(self)

    @wrap(Key, "__init__")
    def init_key(
        original: Any, self: Any, policy: Any, key_usage: str, key_spec: str, *words: Any, **more: Any
    ) -> None:
        all_words = (self, policy, key_usage, key_spec, *words)
        if key_spec == "SYMMETRIC_DEFAULT":
            with_shared_key(original, *all_words, **more)
        else:
            original(*all_words, **more)


def _find_members_by_class() -> None:
    """Compute the possible names of a result's member only once for each class, not for each value."""
    from moto.core import serialize
    from moto.core.constants import MISSING
    from moto.core.utils import get_value as get_by_path

    names: dict[tuple[Any, type, str], tuple[str, ...]] = {}

    @cache
    def last(*paths: str) -> tuple[str, ...]:
        return tuple({path.rpartition(".")[2] for path in paths})

    def possible_names(self: Any, value: Any, key: str, shape: Any) -> tuple[str, ...]:
        context = serialize.AttributePickerContext(value, key, shape, self.operation_model, self.service_model)
        return tuple(dict.fromkeys(self._value_picker.get_possible_keys(context)))

    @wrap(serialize.ResponseSerializer, "get_value")
    def get_value(original: Any, self: Any, value: Any, key: str, shape: Any) -> Any:
        picker = self._value_picker
        # a member to transform is found by its path, which ends with its key
        if type(picker) is not serialize.XFormedAttributePicker or key.endswith(last(*picker.response_transformers)):
            return original(self, value, key, shape)
        place = (shape, type(value), key)
        if place not in names:
            names[place] = possible_names(self, value, key, shape)
        for name in names[place]:
            found = get_by_path(value, name, MISSING)
            if found is not MISSING:
                return found
        return None


def _write_xml_at_once() -> None:
    """Write XML answers directly as text; xmltodict writes the same through a SAX writer."""
    from moto.core.serialize import BaseXMLSerializer, EC2Serializer

    @replace(BaseXMLSerializer, "_serialize_body")
    def serialize_body(self: Any, body: dict[str, Any]) -> str:
        return xml(body, full_document=False)

    @replace(EC2Serializer, "_serialize_body")
    def serialize_ec2_body(self: Any, body: dict[str, Any]) -> str:
        return xml(body, full_document=True)


def xml(body: dict[str, Any], *, full_document: bool) -> str:
    """Return a document as xmltodict.unparse does: `@name` is an attribute, `#text` the text, a list many elements."""
    head = '<?xml version="1.0" encoding="utf-8"?>\n' if full_document else ""
    return head + "".join(element for item in body.items() for element in _elements(*item))


def _elements(name: str, value: Any) -> Iterator[str]:
    for one in value if isinstance(value, list | tuple) else (value,):
        attributes, inside, text = "", "", ""
        for key, member in one.items() if isinstance(one, dict) else (("#text", one),):
            if key == "#text":
                text = escape(_text(member))
            elif key.startswith("@"):
                attributes += f" {key[1:]}={quoteattr(_text(member))}"
            else:
                inside += "".join(_elements(key, member))
        inside += text
        yield f"<{name}{attributes}/>" if not inside else f"<{name}{attributes}>{inside}</{name}>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _find_security_groups_by_id() -> None:
    """Look a security group up by its id, without copies of all groups."""
    from moto.ec2.models import EC2Backend

    @replace(EC2Backend, "get_security_group_from_id")
    def get_security_group_from_id(self: Any, group_id: str) -> Any:
        return next((groups[group_id] for groups in list(self.groups.values()) if group_id in groups), None)
