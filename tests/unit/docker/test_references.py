"""Names of images, read as Docker reads them."""

from __future__ import annotations

import pytest

from provisioner.docker.reference import Reference, is_local, parse

DIGEST = f"sha256:{'0123456789abcdef' * 4}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nginx", Reference("docker.io", "library/nginx", "latest")),
        ("nginx:1.29", Reference("docker.io", "library/nginx", "1.29")),
        ("grafana/grafana", Reference("docker.io", "grafana/grafana", "latest")),
        ("docker.io/nginx", Reference("docker.io", "library/nginx", "latest")),
        ("index.docker.io/library/nginx:1", Reference("docker.io", "library/nginx", "1")),
        ("public.ecr.aws/nginx/nginx:1.29", Reference("public.ecr.aws", "nginx/nginx", "1.29")),
        ("GHCR.io/a/b_c__d-e.f:V1", Reference("ghcr.io", "a/b_c__d-e.f", "V1")),
        ("localhost/web", Reference("localhost", "web", "latest")),
        ("localhost:5000/web:1", Reference("localhost:5000", "web", "1")),
        ("registry:5000/web", Reference("registry:5000", "web", "latest")),
        ("[::1]:5000/web:1", Reference("[::1]:5000", "web", "1")),
        (f"nginx@{DIGEST}", Reference("docker.io", "library/nginx", "", DIGEST)),
        (f"r.example/web:1@{DIGEST}", Reference("r.example", "web", "1", DIGEST)),
    ],
)
def test_names_are_read_as_docker_reads_them(text: str, expected: Reference) -> None:
    assert parse(text) == expected
    assert parse(str(expected)) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not an image"),
        ("Nginx", "lower-case"),
        ("a b", "not an image"),
        ("https://r.example/web", "not an image"),
        ("r.example//web", "not an image"),
        ("r.example/web:", "not a tag"),
        ("web:-1", "not a tag"),
        (f"web:{'1' * 129}", "not a tag"),
        ("web@sha256:0", "no digest"),
        (f"web@{DIGEST.replace('256', '512')}", "no digest"),
        ("-r.example/web", "not a host name"),
        ("r.example:port/web", "not a host name"),
        ("a" * 256, "not an image"),
        ("web:1\n", "not a tag"),
        ("web:ñ", "not a tag"),
    ],
)
def test_a_value_that_is_no_name_is_reported(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse(text)


def test_only_this_machine_is_spoken_to_without_tls() -> None:
    for host in ("localhost", "localhost:5000", "127.0.0.1", "127.8.0.1:80", "[::1]:5000", "[::1]"):
        assert is_local(host), host
        assert parse(f"{host}/web").base == f"http://{host}/v2/"
    for host in ("localhost.example.com", "127.0.0.1.example.com", "r.example:80", "10.0.0.1:5000", "docker.io"):
        assert not is_local(host), host
    assert parse("nginx").base == "https://registry-1.docker.io/v2/"
    assert parse("r.example/web").version == "latest"
    assert parse(f"r.example/web:1@{DIGEST}").version == DIGEST
