"""The client of registries, and copies from one to another, over real HTTP on the loopback."""

from __future__ import annotations

import base64
import json
import socket
import threading
import tracemalloc
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.docker import copy as copying
from provisioner.docker.credentials import CredentialsError, Login, of_docker
from provisioner.docker.manifests import BadImage, ImageInfo
from provisioner.docker.reference import Reference, parse
from provisioner.docker.registry import Registries
from provisioner.docker.transport import TRIES, Denied, NotThere, RegistryError, Transport, Unreachable
from provisioner.engine.errors import Interrupted, OutcomeUnknown
from tests.cloud.outside import DOCKER, DOCKER_LIST, OCI, OCI_INDEX, Outside, Problem, digest_of, outside

AMD = "linux/amd64"
LAYER = bytes(range(256)) * 2000


class Waits(threading.Event):
    """Notes how long it is waited for, and lets nobody wait."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout or 0)
        return self.is_set()


@pytest.fixture
def there() -> Iterator[Outside]:
    with outside() as here:
        yield here


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def asking(waits: Waits) -> Registries:
    """A client without credentials."""
    return Registries(Transport(waits), lambda registry: None)


def named(there: Outside, tag: str = "1") -> Reference:
    return parse(f"{there.host}/web:{tag}")


# -- what is there -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", [OCI, DOCKER])
def test_an_image_is_described_by_its_digest_and_platform(there: Outside, asking: Registries, media_type: str) -> None:
    digest = there.image("1", LAYER, platform="linux/arm64", media_type=media_type)
    assert asking.digest(named(there)) == digest
    assert asking.inspect(named(there)) == ImageInfo(digest, ("linux/arm64",))
    assert asking.inspect(parse(f"{there.host}/web@{digest}")).digest == digest
    assert [method for method, *_ in there.asked[:2]] == ["HEAD", "GET"]
    assert len(there.clients) == 1, "all by one connection"


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_LIST])
def test_of_an_index_the_one_for_the_platform_is_taken(there: Outside, asking: Registries, media_type: str) -> None:
    arm, new, amd = (
        there.image(name, LAYER, platform=of) for name, of in (("a", "linux/arm64"), ("n", AMD), ("b", AMD))
    )
    note = there.put("note", {"config": {}}, OCI)
    parts = {"linux/arm64/v8": arm, "linux/amd64/v3": new, AMD: amd, "unknown/unknown": note}
    index = there.index("1", parts, media_type)
    assert asking.digest(named(there)) == index
    assert asking.inspect(named(there)) == ImageInfo(index, ("linux/arm64", AMD))
    assert asking.for_platform(named(there), AMD).digest == amd
    assert asking.for_platform(named(there), "linux/arm64").digest == arm


def test_an_image_for_other_platforms_only_is_reported_by_name(there: Outside, asking: Registries) -> None:
    arm = there.image("arm", LAYER, platform="linux/arm64")
    there.index("1", {"linux/arm64/v8": arm, "windows/amd64": arm})
    with pytest.raises(BadImage, match="is an image for linux/arm64, windows/amd64, but its tasks run on linux/amd64"):
        asking.for_platform(named(there), AMD)
    with pytest.raises(BadImage, match="is an image for linux/arm64, but"):
        asking.for_platform(named(there, "arm"), AMD)
    lying = there.index("lying", {AMD: arm})
    with pytest.raises(BadImage, match="is an image for linux/arm64, but"):
        asking.for_platform(parse(f"{there.host}/web@{lying}"), AMD)


@pytest.mark.parametrize(
    ("content", "media_type", "words"),
    [
        (b"{}", "application/vnd.docker.distribution.manifest.v1+prettyjws", "media type that ECS does not run"),
        (b"{}", "", r"media type that ECS does not run \(no media type\)"),
        (b'{"config": {}, "layers": []}', OCI, "without a config"),
        (b"<html>", OCI, "not JSON"),
    ],
)
def test_what_is_no_image_is_refused(
    there: Outside, asking: Registries, content: bytes, media_type: str, words: str
) -> None:
    there.troubles.append(Problem("GET", 1, 200, {"Content-Type": media_type}, content))
    with pytest.raises(BadImage, match=words):
        asking.inspect(named(there))


def test_what_is_not_there_and_what_is_not_shown(there: Outside, asking: Registries) -> None:
    with pytest.raises(NotThere, match=f"{there.host} has no {there.host}/web:none"):
        asking.digest(named(there, "none"))
    there.token, there.users = "secret", {"me": "word"}
    with pytest.raises(Denied, match=r"does not show web to users that are not logged in.*incorrect username"):
        asking.digest(named(there))
    there.troubles.append(Problem("/token", status=200, body=b"[]"))
    with pytest.raises(RegistryError, match="returned no token"):
        asking.digest(named(there))


# -- tokens and credentials --------------------------------------------------------------------------------------------


def test_a_token_is_asked_for_once_and_again_when_it_is_over(there: Outside, asking: Registries) -> None:
    digest, there.token = there.image("1", LAYER), "first"
    for _ in range(3):
        assert asking.digest(named(there)) == digest
    assert len(there.said("/token")) == 1
    there.token = "second"
    assert asking.digest(named(there)) == digest
    assert len(there.said("/token")) == 2
    assert there.said("/token")[0][1].endswith("?service=outside&scope=repository%3Aweb%3Apull")


def configure(directory: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    directory.mkdir(exist_ok=True)
    (directory / "config.json").write_text(settings if isinstance(settings, str) else json.dumps(settings))
    monkeypatch.setenv("DOCKER_CONFIG", str(directory))


def helper(directory: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str) -> None:
    directory.mkdir(exist_ok=True)
    program = directory / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")


def test_the_token_is_given_to_whom_docker_is_logged_in(
    there: Outside, waits: Waits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.image("1", LAYER)
    there.token, there.users = "t", {"me": "wo:rd"}
    auth = base64.b64encode(b"me:wo:rd").decode()
    configure(tmp_path, monkeypatch, {"auths": {f"http://{there.host}/v1/": {"auth": auth}}})
    assert Registries(Transport(waits)).digest(named(there))
    configure(tmp_path, monkeypatch, {"auths": {there.host: {"auth": base64.b64encode(b"me:old").decode()}}})
    with pytest.raises(Denied, match="the user who is logged in"):
        Registries(Transport(waits)).digest(named(there))
    there.users = None
    there.troubles.append(Problem("/token", status=403, body=b"Your authorization token has expired."))
    assert Registries(Transport(waits)).digest(named(there)), "a login that is over is no worse than none"
    assert "Authorization" not in there.said("/token")[-1][2]


def test_an_identity_token_is_exchanged(there: Outside, waits: Waits) -> None:
    digest, there.token = there.image("1", LAYER), "given"
    assert Registries(Transport(waits), lambda _: Login("", identity="mine")).digest(named(there)) == digest
    (form,) = there.forms
    assert (form["grant_type"], form["refresh_token"], form["service"]) == (["refresh_token"], ["mine"], ["outside"])


def test_a_redirects_target_gets_no_login(there: Outside, waits: Waits) -> None:
    """A CDN that asks for credentials would otherwise get the login of the registry that redirected to it."""
    with outside() as other:
        there.image("1", LAYER)
        there.moved, other.token = other.host, "wanted"
        asking = Registries(Transport(waits), lambda registry: Login("alice", "s3cret"))
        with pytest.raises(RegistryError, match=f"redirects to {other.host}, which requires credentials"):
            list(asking.blob(named(there), digest_of(LAYER), len(LAYER)))
        assert other.asked
        assert [request for request in other.asked if "Authorization" in request[2]] == []


def test_a_registrys_own_entry_comes_before_others_of_its_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def entry(user: str) -> dict[str, str]:
        return {"auth": base64.b64encode(f"{user}:p".encode()).decode()}

    for auths, user in (
        ({"r.example/team": entry("b"), "r.example": entry("u")}, "u"),
        ({"https://r.example/v1/": {}, "r.example": entry("u")}, "u"),
        ({"r.example": {}, "https://r.example/v1/": entry("v")}, "v"),
    ):
        configure(tmp_path, monkeypatch, {"auths": auths})
        login = of_docker("r.example")
        assert login is not None
        assert login.user == user
    configure(tmp_path, monkeypatch, {"auths": {"r.example": {"auth": "é"}}})
    assert of_docker("r.example") is None


def test_helpers_are_asked_by_their_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"credHelpers": {"r.example": "one"}, "credsStore": "all", "auths": {"other.example": {}}}
    configure(tmp_path, monkeypatch, settings)
    script = 'test "$1" = get && key=$(cat) && printf \'{"Username":"%s","Secret":"s"}\' "$key"'
    helper(tmp_path / "bin", monkeypatch, "one", script)
    helper(tmp_path / "bin", monkeypatch, "all", "echo credentials not found in native keychain; exit 1")
    assert of_docker("r.example") == Login("r.example", "s")
    assert of_docker("other.example") is None
    helper(tmp_path / "bin", monkeypatch, "all", 'printf \'{"Username":"<token>","Secret":"t"}\'')
    assert of_docker("docker.io") == Login("", identity="t")
    assert "t" not in repr(Login("u", "t", "t")).removeprefix("Login(user='u'")


@pytest.mark.parametrize(
    ("script", "words"),
    [("echo locked >&2; exit 1", "locked"), ("echo no", "returned no login"), (None, "there is no program")],
)
def test_a_credential_helper_that_fails_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, words: str
) -> None:
    configure(tmp_path, monkeypatch, {"credsStore": "it"})
    helper(tmp_path / "bin", monkeypatch, "it" if script else "other", script or "")
    with pytest.raises(CredentialsError, match=words):
        of_docker("r.example")


def test_a_configuration_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(tmp_path, monkeypatch, "{")
    with pytest.raises(CredentialsError, match=r"config\.json cannot be read"):
        of_docker("r.example")
    wrong: list[Any] = [[], {"auths": []}, {"auths": {"r.example": "x"}}, {"auths": {"r.example": {"auth": "%"}}}]
    for settings in wrong:
        configure(tmp_path, monkeypatch, settings)
        assert of_docker("r.example") is None


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (401, {}, "authentication scheme is missing"),
        (401, {"WWW-Authenticate": "Digest realm=x"}, "authentication scheme is Digest"),
        (401, {"WWW-Authenticate": "Bearer realm"}, "not HTTPS"),
        (401, {"WWW-Authenticate": 'Bearer realm="http://["'}, "not a URL"),
        (401, {"WWW-Authenticate": 'Bearer realm="http://r.example/token"'}, "not HTTPS"),
        (307, {"Location": "http://["}, "not a URL"),
        (307, {"Location": "/v2/web/manifests/1"}, "redirects too many times"),
    ],
)
def test_an_answer_of_a_registry_that_makes_no_sense_is_reported(
    there: Outside, asking: Registries, status: int, headers: dict[str, str], words: str
) -> None:
    there.troubles.append(Problem("HEAD", 99, status, headers))
    with pytest.raises(RegistryError, match=words):
        asking.digest(named(there))


def test_a_registrys_deeply_nested_error_is_reported(there: Outside, asking: Registries) -> None:
    there.troubles.append(Problem("GET", 99, 400, body=b"[" * 60_000))
    with pytest.raises(RegistryError, match="HTTP 400"):
        asking.manifest(named(there))


@pytest.mark.parametrize("token", ['"a\\nb"', '"ü"', "[]", '""', "null"])
def test_a_token_that_is_none_is_reported(there: Outside, asking: Registries, token: str) -> None:
    there.token = "t"
    there.troubles.append(Problem("/token", status=200, body=f'{{"token": {token}, "access_token": ""}}'.encode()))
    with pytest.raises(RegistryError, match=r"returned no token"):
        asking.digest(named(there))


# -- patience ----------------------------------------------------------------------------------------------------------


def test_a_busy_registry_is_asked_again_when_it_wants(there: Outside, asking: Registries, waits: Waits) -> None:
    digest = there.image("1", LAYER)
    there.troubles += [Problem("HEAD", 1, 429, {"Retry-After": "7"}), Problem("HEAD", 1, 503), Problem("HEAD", 1, 500)]
    assert asking.digest(named(there)) == digest
    assert waits.seconds == [7, 2, 4]
    there.troubles.append(Problem("HEAD", TRIES, 503))
    with pytest.raises(Unreachable, match=r"does not respond \(HTTP 503\)"):
        asking.digest(named(there))


def test_who_wants_to_be_left_alone_for_long_is_out_of_reach(there: Outside, asking: Registries, waits: Waits) -> None:
    there.image("1", LAYER)
    there.troubles.append(Problem("HEAD", 1, 429, {"Retry-After": "3600"}))
    with pytest.raises(Unreachable, match="asks to wait 3600 s"):
        asking.digest(named(there))
    words = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}'
    there.troubles.append(Problem("GET", 1, 429, {}, words))
    with pytest.raises(Unreachable, match=r"100 in 6 hours.*`docker login`.*You have reached your pull rate limit"):
        asking.manifest(named(there))
    assert waits.seconds == []


def test_where_nothing_listens_is_known_soon(asking: Registries, waits: Waits) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unreachable, match=f"{host} does not respond.*refused"):
            asking.digest(parse(f"{host}/web:1"))
    assert waits.seconds == [1]


def test_ctrl_c_ends_the_tries(there: Outside, asking: Registries, waits: Waits) -> None:
    waits.set()
    with pytest.raises(Interrupted):
        asking.digest(named(there))
    assert there.asked == []


# -- where it goes -----------------------------------------------------------------------------------------------------


def test_blobs_elsewhere_are_fetched_without_the_credentials(there: Outside, asking: Registries) -> None:
    there.image("1", LAYER)
    there.token = "secret"
    with outside() as store:
        store.blobs, there.moved = there.blobs, store.host
        assert b"".join(asking.blob(named(there), digest_of(LAYER), len(LAYER))) == LAYER
        ((_, _, headers),) = store.said("GET")
        assert "Authorization" not in headers
    assert there.said("blobs")[-1][2]["Authorization"] == "Bearer secret"


def test_only_this_machine_may_speak_plain_http(monkeypatch: pytest.MonkeyPatch, waits: Waits) -> None:
    monkeypatch.delenv("PROVISION_REGISTRIES")
    transport = Transport(waits)
    transport.allowed("https://example.com/v2/")
    transport.allowed("http://127.0.0.1:5000/v2/")
    with pytest.raises(RegistryError, match="not HTTPS"):
        transport.allowed("http://example.com/v2/", "https://r.example/v2/")
    with pytest.raises(RegistryError, match="which is this machine"):
        transport.allowed("http://127.0.0.1:9/token", "https://r.example/v2/")
    for here in ("u@127.0.0.1", "localhost.", "LOCALHOST:9", "a.localhost", "0.0.0.0", "[::]:9", "[::1]"):  # noqa: S104
        with pytest.raises(RegistryError, match="which is this machine"):
            transport.allowed(f"https://{here}/token", "https://r.example/v2/")
    monkeypatch.setenv("PROVISION_REGISTRIES", "0")
    with pytest.raises(Unreachable, match=r"example\.com is not used, because PROVISION_REGISTRIES=0"):
        transport.allowed("https://example.com/v2/")


def test_the_environments_proxy_is_used_but_not_for_this_machine(
    there: Outside, asking: Registries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROVISION_REGISTRIES")
    for name in ("HTTPS_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.setenv(name, f"http://us%40er:word@{there.host}")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(Unreachable, match=r"registry\.example\.org does not respond"):
        asking.digest(parse("registry.example.org/web:1"))
    method, path, headers = there.asked[0]
    assert (method, path) == ("CONNECT", "registry.example.org:443")
    assert headers["proxy-authorization"] == f"Basic {base64.b64encode(b'us@er:word').decode()}"
    digest = there.image("1", LAYER)
    assert asking.digest(named(there)) == digest


# -- content -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_that_is_cut_goes_on_where_it_was(there: Outside, asking: Registries, ranges: bool) -> None:
    there.image("1", LAYER)
    there.ranges = ranges
    there.troubles += [
        Problem("GET .*blobs", 1, cut=100_000),
        Problem("GET .*blobs", 1, cut=300_000 if not ranges else 50),
    ]
    assert b"".join(asking.blob(named(there), digest_of(LAYER), len(LAYER))) == LAYER
    asked = [headers.get("Range") for *_, headers in there.said("GET .*blobs")]
    assert asked[0] is None
    assert len(asked) == 3
    assert all(text and text.startswith("bytes=") for text in asked[1:])


def test_a_download_that_never_goes_on_fails(there: Outside, asking: Registries) -> None:
    there.image("1", LAYER)
    there.troubles.append(Problem("GET .*blobs", 99, cut=0))
    with pytest.raises(Unreachable, match="stopped sending sha256:"):
        b"".join(asking.blob(named(there), digest_of(LAYER), len(LAYER)))


@pytest.mark.parametrize("other", [LAYER[:-1] + b"x", LAYER + b"x"], ids=["other", "longer"])
def test_a_blob_that_is_another_is_found_out(there: Outside, asking: Registries, other: bytes) -> None:
    there.image("1", LAYER)
    there.troubles.append(Problem("GET .*blobs", other=other))
    with pytest.raises(BadImage, match="sent other data than sha256:"):
        b"".join(asking.blob(named(there), digest_of(LAYER), len(LAYER)))


def test_a_manifest_that_is_another_is_found_out(there: Outside, asking: Registries) -> None:
    digest = there.image("1", LAYER)
    for reference in (named(there), parse(f"{there.host}/web@{digest}")):
        there.troubles.append(Problem("GET .*manifests", other=b"{}"))
        with pytest.raises(BadImage, match=r"the manifest of .* has the digest"):
            asking.manifest(reference)


def test_a_large_blob_takes_little_memory(there: Outside, asking: Registries) -> None:
    large = bytes(32 << 20)
    there.image("1", large)
    tracemalloc.start()
    try:
        assert sum(len(piece) for piece in asking.blob(named(there), digest_of(large), len(large))) == len(large)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


# -- copies ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def target() -> Iterator[Outside]:
    with outside() as here:
        yield here


def copied(there: Outside, target: Outside, asking: Registries, waits: Waits, said: list[str] | None = None) -> str:
    place = parse(f"{target.host}/copies:mine")
    ours = Registries(Transport(waits), lambda _: None)
    said = said if said is not None else []
    return copying.copy(asking, named(there), ours, place, AMD, said.append)


def test_the_copy_is_the_same_byte_by_byte(there: Outside, target: Outside, asking: Registries, waits: Waits) -> None:
    amd = there.image("amd", LAYER, b"second", LAYER)
    there.index("1", {"linux/arm64": there.image("arm", b"arm", platform="linux/arm64"), AMD: amd})
    assert copied(there, target, asking, waits) == amd
    assert target.manifests["mine"] == there.manifests[amd]
    assert digest_of(target.manifests["mine"][0]) == amd
    assert target.blobs.items() < there.blobs.items()
    assert len(target.blobs) == 3, "a layer that is there twice is sent once, those for other platforms not at all"
    sent = len(target.said("PUT .*uploads"))
    assert copied(there, target, asking, waits) == amd
    assert len(target.said("PUT .*uploads")) == sent, "what is there is not sent again"


def test_an_upload_that_is_cut_begins_anew(there: Outside, target: Outside, asking: Registries, waits: Waits) -> None:
    digest = there.image("1", LAYER)
    target.troubles += [Problem("PUT .*uploads", cut=1000), Problem("PUT .*uploads", 1, 503)]
    assert copied(there, target, asking, waits) == digest
    assert target.blobs[digest_of(LAYER)] == LAYER
    target.blobs.clear()
    target.troubles.append(Problem("PUT .*uploads", 99, cut=0))
    with pytest.raises(Unreachable, match="did not accept sha256:"):
        copied(there, target, asking, waits)


def test_a_wrong_blob_is_never_put(there: Outside, target: Outside, asking: Registries, waits: Waits) -> None:
    there.image("1", LAYER)
    there.troubles.append(Problem(f"GET .*blobs/{digest_of(LAYER)}", 99, other=LAYER[:-1] + b"x"))
    with pytest.raises(BadImage, match="other data"):
        copied(there, target, asking, waits)
    assert "mine" not in target.manifests


@pytest.mark.parametrize(
    "more",
    [
        {"urls": ["https://example.com/layer"]},
        {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"},
        {"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"},
    ],
)
def test_layers_that_may_not_be_passed_on_are_refused(
    there: Outside, target: Outside, asking: Registries, waits: Waits, more: dict[str, Any]
) -> None:
    manifest, _ = there.manifests[there.image("1", LAYER)]
    parsed = json.loads(manifest)
    parsed["layers"][0] |= more
    there.put("1", parsed, OCI)
    with pytest.raises(BadImage, match="non-distributable layers"):
        copied(there, target, asking, waits)
    assert target.asked == []


def test_a_refusal_of_the_target_says_what_it_said(
    there: Outside, target: Outside, asking: Registries, waits: Waits
) -> None:
    digest = there.image("1", LAYER)
    words = b'{"errors":[{"code":"TAG_INVALID","message":"the tag is immutable"}]}'
    target.troubles.append(Problem("PUT .*manifests", 1, 400, {}, words))
    with pytest.raises(copying.ManifestRefused, match="the tag is immutable") as taken:
        copied(there, target, asking, waits)
    assert taken.value.digest == digest
    target.troubles.append(Problem("POST .*uploads", 1, 404))
    target.blobs.clear()
    with pytest.raises(NotThere, match="has no repository copies"):
        copied(there, target, asking, waits)


def test_ctrl_c_ends_a_copy_in_the_middle(there: Outside, target: Outside) -> None:
    there.image("1", LAYER, bytes(8 << 20))
    stop = threading.Event()

    class Stopped(Registries):
        def blob(self, reference: Reference, digest: str, size: int) -> Generator[bytes, None, None]:
            for piece in super().blob(reference, digest, size):
                if digest == digest_of(bytes(8 << 20)):
                    stop.set()
                yield piece

    client = Stopped(Transport(stop), lambda _: None)
    with pytest.raises(OutcomeUnknown, match="interrupted"):
        copying.copy(client, named(there), client, parse(f"{target.host}/copies:mine"), AMD, lambda _: None)
    assert "mine" not in target.manifests
    assert digest_of(bytes(8 << 20)) not in target.blobs
