"""The registry behind ECR's repositories, in plain HTTP: access, blobs in pieces, manifests, tags that stay."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cloud.conftest import EmbeddedCloud

NAME = "ecs-sample-dev/web"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.oci.image.index.v1+json"
LAYER, CONFIG = b"layer" * 1000, b'{"os": "linux", "architecture": "amd64"}'


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes

    def error(self) -> tuple[int, str, str]:
        (error,) = json.loads(self.content)["errors"]
        return self.status, error["code"], error["message"]


@dataclass
class Client:
    """One connection, which is kept for all requests, so that each answer must end where it says."""

    cloud: EmbeddedCloud
    connection: http.client.HTTPConnection
    token: str

    def ask(self, method: str, path: str, body: bytes | Iterable[bytes] | None = None, /, **headers: str) -> Answer:
        given = {"Authorization": f"Basic {self.token}"} if self.token else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body, given, encode_chunked=isinstance(body, Iterator))
        answer = self.connection.getresponse()
        return Answer(answer.status, dict(answer.headers), answer.read())

    def upload(self, content: bytes, name: str = NAME, digest: str = "") -> Answer:
        begun = self.ask("POST", f"/v2/{name}/blobs/uploads/")
        assert begun.status == 202
        return self.ask("PUT", f"{begun.headers['Location']}?digest={digest or digest_of(content)}", content)

    def image(self, layer: bytes = LAYER) -> bytes:
        """Upload the parts of an image and return its manifest."""
        for content in (layer, CONFIG):
            assert self.upload(content).status == 201
        config = {"digest": digest_of(CONFIG), "size": len(CONFIG)}
        layers = [{"digest": digest_of(layer), "size": len(layer)}]
        return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}).encode()

    def put(self, manifest: bytes, reference: str, media_type: str = MANIFEST) -> Answer:
        return self.ask("PUT", f"/v2/{NAME}/manifests/{reference}", manifest, Content_Type=media_type)


@pytest.fixture
def client(cloud: EmbeddedCloud) -> Iterator[Client]:
    ecr = cloud.client("ecr")
    ecr.create_repository(repositoryName=NAME, imageTagMutability="IMMUTABLE")
    (data,) = ecr.get_authorization_token()["authorizationData"]
    assert data["proxyEndpoint"] == cloud.endpoint
    assert base64.b64decode(data["authorizationToken"]).startswith(b"AWS:")
    connection = http.client.HTTPConnection(cloud.endpoint.removeprefix("http://"), timeout=120)
    yield Client(cloud, connection, data["authorizationToken"])
    connection.close()


@pytest.fixture
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], set[str]]:
    """The names of the registry's files, in the directory that `running_cloud` made."""
    return lambda part: {path.name for path in tmp_path_factory.getbasetemp().glob(f"cloud?/registry/{part}/*")}


def images(cloud: EmbeddedCloud) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cloud.client("ecr").describe_images(repositoryName=NAME)["imageDetails"]
    return found


def test_the_repositorys_uri_is_where_the_registry_answers(client: Client) -> None:
    (repository,) = client.cloud.client("ecr").describe_repositories()["repositories"]
    assert repository["repositoryUri"] == f"{client.cloud.endpoint.removeprefix('http://')}/{NAME}"
    assert client.ask("GET", "/v2/").status == 200


def test_nobody_comes_in_without_a_token(client: Client) -> None:
    good = client.token
    password = base64.b64decode(good).decode().removeprefix("AWS:")
    tampered = base64.urlsafe_b64decode(password).replace(b"ap-northeast-1", b"eu-west-1")
    for wrong in (
        "",
        base64.b64encode(b"AWS:123456789012-auth-token").decode(),
        base64.b64encode(f"root:{password}".encode()).decode(),
        base64.b64encode(b"AWS:" + base64.urlsafe_b64encode(tampered)).decode(),
        "no base64",
    ):
        client.token = wrong
        answer = client.ask("POST", f"/v2/{NAME}/blobs/uploads/", b"x" * 100_000)
        assert answer.error() == (401, "UNAUTHORIZED", "Not Authorized")
        assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
    client.token = good
    assert client.ask("GET", "/v2/").status == 200, "the connection goes on behind bodies that nobody wanted"


def test_a_repository_must_exist_in_the_tokens_region(client: Client) -> None:
    message = "The repository with name 'none' does not exist in the registry with id '123456789012'"
    for method, path in (
        ("POST", "blobs/uploads/"),
        ("HEAD", f"blobs/{digest_of(LAYER)}"),
        ("PUT", "manifests/1"),
        ("GET", "manifests/1"),
    ):
        answer = client.ask(method, f"/v2/none/{path}", b"{}" if method == "PUT" else None)
        assert answer.status == 404
        assert method == "HEAD" or answer.error() == (404, "NAME_UNKNOWN", message)
    there = client.cloud.client("ecr", "eu-west-1").get_authorization_token()["authorizationData"][0]
    client.token = there["authorizationToken"]
    assert client.ask("GET", f"/v2/{NAME}/tags/list").error()[1] == "NAME_UNKNOWN"


def test_an_image_comes_and_goes_and_ecr_knows_it(client: Client) -> None:
    manifest = client.image()
    answer = client.put(manifest, "1")
    assert (answer.status, answer.headers["Docker-Content-Digest"]) == (201, digest_of(manifest))
    (image,) = images(client.cloud)
    assert (image["imageDigest"], image["imageTags"]) == (digest_of(manifest), ["1"])
    assert image["imageSizeInBytes"] == len(LAYER) + len(CONFIG)
    assert image["imageManifestMediaType"] == MANIFEST
    assert image["imagePushedAt"].year > 2020
    (got,) = client.cloud.client("ecr").batch_get_image(repositoryName=NAME, imageIds=[{"imageTag": "1"}])["images"]
    assert got["imageManifest"].encode() == manifest
    for reference in ("1", digest_of(manifest)):
        answer = client.ask("GET", f"/v2/{NAME}/manifests/{reference}")
        assert (answer.content, answer.headers["Content-Type"]) == (manifest, MANIFEST)
        head = client.ask("HEAD", f"/v2/{NAME}/manifests/{reference}")
        assert head.headers["Content-Length"] == str(len(manifest))
    assert client.ask("GET", f"/v2/{NAME}/blobs/{digest_of(LAYER)}").content == LAYER
    head = client.ask("HEAD", f"/v2/{NAME}/blobs/{digest_of(LAYER)}")
    assert (head.status, head.headers["Content-Length"], head.content) == (200, str(len(LAYER)), b"")
    assert json.loads(client.ask("GET", f"/v2/{NAME}/tags/list").content) == {"name": NAME, "tags": ["1"]}
    assert client.ask("GET", f"/v2/{NAME}/manifests/2").error() == (
        404,
        "MANIFEST_UNKNOWN",
        "Requested image not found",
    )
    assert not [call for call in client.cloud.calls() if "/v2/" in call["operation"]], "they are no calls of AWS's API"


def test_blobs_come_in_pieces_of_either_sort(client: Client) -> None:
    """As Docker sends them, in one chunked PATCH, whose length nobody said; and with ranges."""
    first, rest = LAYER[:700], LAYER[700:]
    place = client.ask("POST", f"/v2/{NAME}/blobs/uploads/").headers["Location"]
    answer = client.ask("PATCH", place, iter([first[:5], first[5:]]))
    assert (answer.status, answer.headers["Range"]) == (201, "0-699")
    answer = client.ask("PATCH", place, rest, Content_Range="0-99")
    assert answer.status == 416
    assert client.ask("GET", place).headers["Range"] == "0-699"
    assert client.ask("PATCH", place, rest, Content_Range=f"700-{len(LAYER) - 1}").status == 201
    assert client.ask("PUT", f"{place}?digest={digest_of(LAYER)}").status == 201
    assert client.ask("GET", f"/v2/{NAME}/blobs/{digest_of(LAYER)}").content == LAYER
    assert client.ask("GET", place).error()[1] == "BLOB_UPLOAD_UNKNOWN"
    whole = client.ask("POST", f"/v2/{NAME}/blobs/uploads/?digest={digest_of(CONFIG)}", CONFIG)
    assert (whole.status, whole.headers["Docker-Content-Digest"]) == (201, digest_of(CONFIG))
    place = client.ask("POST", f"/v2/{NAME}/blobs/uploads/").headers["Location"]
    assert client.ask("DELETE", place).status == 204
    assert client.ask("PUT", f"{place}?digest={digest_of(b'')}").status == 404


def test_a_blob_is_mounted_from_another_repository(client: Client) -> None:
    client.upload(LAYER)
    client.cloud.client("ecr").create_repository(repositoryName="other")
    digest = digest_of(LAYER)
    assert client.ask("HEAD", f"/v2/other/blobs/{digest}").status == 404
    assert client.ask("POST", f"/v2/other/blobs/uploads/?mount={digest}&from=none").status == 202
    assert client.ask("POST", f"/v2/other/blobs/uploads/?mount={digest}&from={NAME}").status == 201
    client.cloud.client("ecr").delete_repository(repositoryName=NAME, force=True)
    assert client.ask("GET", f"/v2/other/blobs/{digest}").content == LAYER, "it stays as long as anybody has it"


def test_what_is_not_what_it_should_be_is_refused(client: Client) -> None:
    assert client.upload(LAYER, digest=digest_of(CONFIG)).error()[:2] == (400, "DIGEST_INVALID")
    assert client.ask("HEAD", f"/v2/{NAME}/blobs/{digest_of(CONFIG)}").status == 404
    assert client.ask("GET", f"/v2/{NAME}/blobs/sha256:..").error()[1] == "DIGEST_INVALID"
    manifest = client.image()
    assert client.put(manifest, digest_of(b"other")).error()[1] == "DIGEST_INVALID"
    assert client.put(b"[]", "1").error()[1] == "MANIFEST_INVALID"
    missing = manifest.replace(digest_of(LAYER).encode(), digest_of(b"missing").encode())
    status, code, message = client.put(missing, "1").error()
    assert (status, code) == (404, "MANIFEST_BLOB_UNKNOWN")
    assert digest_of(b"missing") in message
    assert client.put(b" " * ((4 << 20) + 1), "1").error()[1] == "SIZE_INVALID"
    assert client.ask("DELETE", f"/v2/{NAME}/manifests/1").error()[1] == "UNSUPPORTED"
    assert images(client.cloud) == []


def test_an_immutable_tag_stays_with_its_image(client: Client) -> None:
    first, second = client.image(), client.image(b"another")
    assert client.put(first, "1").status == 201
    words = (
        f"The image tag '1' already exists in the '{NAME}' repository and cannot be overwritten because the tag is "
        f"immutable."
    )
    assert client.put(second, "1").error() == (400, "TAG_INVALID", words)
    # aws/containers-roadmap#2179: not even by itself
    assert client.put(first, "1").error() == (400, "TAG_INVALID", words)
    assert client.put(first, "2").status == 201
    (image,) = images(client.cloud)
    assert sorted(image["imageTags"]) == ["1", "2"]


def test_a_mutable_tag_moves_and_the_former_image_stays(client: Client) -> None:
    client.cloud.client("ecr").put_image_tag_mutability(repositoryName=NAME, imageTagMutability="MUTABLE")
    first, second = client.image(), client.image(b"another")
    for manifest in (first, first, second):
        assert client.put(manifest, "1").status == 201
    tags = {image["imageDigest"]: image.get("imageTags", []) for image in images(client.cloud)}
    assert tags == {digest_of(first): [], digest_of(second): ["1"]}


def test_an_index_needs_its_images(client: Client) -> None:
    manifest = client.image()
    entry = {"mediaType": MANIFEST, "digest": digest_of(manifest), "size": len(manifest)}
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode()
    assert client.put(index, "1", INDEX).error()[1] == "MANIFEST_BLOB_UNKNOWN"
    assert client.put(manifest, digest_of(manifest)).status == 201
    assert client.put(index, "1", INDEX).status == 201
    assert client.ask("GET", f"/v2/{NAME}/manifests/1").headers["Content-Type"] == INDEX
    assert {image["imageDigest"] for image in images(client.cloud)} == {digest_of(manifest), digest_of(index)}


def test_deleted_images_leave_nothing_behind(client: Client, files: Callable[[str], set[str]]) -> None:
    first, second = client.image(), client.image(b"another")
    client.put(first, "1")
    client.put(second, "2")
    client.ask("POST", f"/v2/{NAME}/blobs/uploads/")
    assert files("blobs") == {digest_of(part)[7:] for part in (LAYER, CONFIG, b"another")}
    ecr = client.cloud.client("ecr")
    ecr.batch_delete_image(repositoryName=NAME, imageIds=[{"imageTag": "2"}])
    assert files("blobs") == {digest_of(part)[7:] for part in (LAYER, CONFIG)}
    assert len(files("uploads")) == 1
    ecr.delete_repository(repositoryName=NAME, force=True)
    assert files("blobs") | files("uploads") == set()


def test_a_reset_empties_the_registry(client: Client, files: Callable[[str], set[str]]) -> None:
    client.upload(LAYER)
    assert files("blobs")
    client.cloud.reset()
    assert files("blobs") == set()
