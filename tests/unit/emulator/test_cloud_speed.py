"""The embedded cloud's shortcuts give the same results as the libraries that they replace."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import xmltodict
from hypothesis import given
from hypothesis import strategies as st

from ecs_emulator.fast_paths import Offerings, xml

NAMES = st.sampled_from(["a", "b", "Item", "member"])
LEAVES = st.one_of(
    st.none(), st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])), st.booleans(), st.integers()
)


def structures(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Elements with other elements, an attribute and a text in them."""
    members = st.dictionaries(NAMES, inside | st.lists(inside, max_size=3))
    return st.builds(
        lambda own, also: own | also, members, st.dictionaries(st.sampled_from(["@xmlns", "#text"]), LEAVES)
    )


@pytest.mark.slow
@given(NAMES, st.recursive(LEAVES, structures, max_leaves=20), st.booleans())
def test_xml_is_what_xmltodict_makes(name: str, value: Any, full: bool) -> None:
    told = xmltodict.unparse({name: value}, full_document=full, short_empty_elements=True)
    assert xml({name: value}, full_document=full) == told


def test_offerings_read_late_are_those_that_moto_reads() -> None:
    from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS
    from moto.utilities.utils import load_resource

    for place, by_region in INSTANCE_TYPE_OFFERINGS.items():
        late = Offerings(place, by_region, load_resource)
        assert late.keys() == by_region.keys()
        assert late.get("ap-northeast-1") == late["ap-northeast-1"] == by_region["ap-northeast-1"] != []
        assert late.get("nowhere-1", []) == []


OWN_MODELS = """
from ecs_emulator import fast_paths
from provisioner.aws.service_models import PlainFiles, without_settings
fast_paths.read_botocore_data_once(PlainFiles().load_file)
from moto.core.utils import get_service_model
assert "AuthFailure" in get_service_model("ec2").shape_names
model = without_settings().get_component("data_loader").load_service_model("ec2", "service-2")
assert "Vpc" in model["shapes"]
assert "AuthFailure" not in model["shapes"], "what moto adds to its models got into the tool's"
"""


def test_what_moto_adds_to_a_model_stays_with_moto() -> None:
    ended = subprocess.run([sys.executable, "-c", OWN_MODELS], check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


WRITTEN_INTO = """
import botocore.session
from ecs_emulator import fast_paths
fast_paths.read_botocore_data_once()
from moto.core.utils import get_service_model
used, fresh = botocore.session.Session(), botocore.session.Session()
used.set_credentials("key", "secret")
used.create_client("s3", region_name="us-east-1").generate_presigned_url("put_object", {"Bucket": "a", "Key": "b"})

def path(model):
    return model.operation_model("PutObject").http["requestUri"]

assert path(used.get_service_model("s3")) == "/{Key+}"
assert path(fresh.get_service_model("s3")) == path(get_service_model("s3")) == "/{Bucket}/{Key+}"
used, fresh = (one.get_data("endpoints")["partitions"][0]["services"]["s3"]["endpoints"] for one in (used, fresh))
assert "dnsSuffix" in used["us-east-1"]
assert "dnsSuffix" not in fresh["us-east-1"]
"""


def test_what_botocore_writes_into_stays_in_its_session() -> None:
    ended = subprocess.run([sys.executable, "-c", WRITTEN_INTO], check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


ONE_KEY = """
from ecs_emulator import overlay
overlay.install()
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from moto.acm.models import acm_backends
acm = acm_backends["123456789012"]["ap-northeast-1"]
bundle = acm._certificates[acm.request_certificate("www.example.com", None, [], [])]
key, certificate = load_pem_private_key(bundle.key, None), load_pem_x509_certificate(bundle.cert)
assert key.key_size == 2048
assert certificate.public_key() == key.public_key() == bundle._key.public_key()
"""


def test_the_one_key_is_a_sound_one() -> None:
    ended = subprocess.run([sys.executable, "-c", ONE_KEY], check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


SAME = """
import re
from moto.moto_api._internal.moto_random import MotoRandom
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
hosts = ["ec2.ap-northeast-1.amazonaws.com", "sts.amazonaws.com", "moto_api", "rds", None, "nowhere.example.com"]
find = DomainDispatcherApplication(create_backend_app).get_backend_for_host
before = [find(host) for host in hosts]
from ecs_emulator import overlay
overlay.install()
find = DomainDispatcherApplication(create_backend_app).get_backend_for_host
assert [find(host) for host in hosts] == [find(host) for host in hosts] == before, before

def drawn(**how):
    return MotoRandom(7).get_random_string(**how)

assert re.fullmatch("[A-Za-z0-9]{52}", drawn(length=52)) and drawn(length=52) == drawn(length=52)
assert re.fullmatch("[A-Za-z]{2000}", drawn(length=2000, include_digits=False))
assert re.fullmatch("[a-z0-9]{20}", drawn(lower_case=True))
assert set(drawn(length=9999)) == set("".join(map(chr, [*range(48, 58), *range(65, 91), *range(97, 123)])))
"""


def test_services_by_host_and_random_texts_are_motos() -> None:
    ended = subprocess.run([sys.executable, "-c", SAME], check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
