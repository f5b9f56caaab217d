"""The tool's reading of ECS's service deployments: AWS's own example, and answers without some members."""

from __future__ import annotations

from typing import Any, cast

import pytest

from provisioner.resources.ecs.deployments import Deployment, latest
from tests.contract import recorded

PLACE = "arn:aws:ecs:us-east-1:123456789012"
NUMBER = "1485800978477494678"
SERVICE = {
    "serviceArn": f"{PLACE}:service/example-cluster/example-service",
    "serviceName": "example-service",
    "clusterArn": f"{PLACE}:cluster/example-cluster",
    "currentServiceDeployment": f"{PLACE}:service-deployment/example-cluster/example-service/ejGvqq2ilnbKT9qj0vLJe",
    "deployments": [{"id": f"ecs-svc/{NUMBER}", "status": "PRIMARY"}],
}
ARN = f"{PLACE}:service-deployment/example-cluster/example-service/ejGvqq2ilnbKT9qj0vLJe"
EXAMPLE = Deployment("SUCCESSFUL", revision=NUMBER, threshold=3, arn=ARN)


class Answers:
    """An ECS client that answers with AWS's examples; `asked` has the operations in order."""

    def __init__(self, **changed: Any) -> None:
        self.asked: list[str] = []
        self.changed = changed

    def client(self, _: str) -> Answers:
        return self

    def each(self, read: Any, items: Any) -> list[Any]:
        return [read(item) for item in items]

    def list_service_deployments(self, **_: str) -> Any:
        return self._answer("ListServiceDeployments", {})

    def describe_service_deployments(self, **_: Any) -> Any:
        return self._answer("DescribeServiceDeployments", self.changed)

    def _answer(self, operation: str, changed: dict[str, Any]) -> Any:
        self.asked.append(operation)
        (example,) = recorded.of("ecs", operation)
        model = recorded.operation_model("ecs", operation)
        answer = recorded.typed(example.data, model.output_shape)
        (one,) = answer["serviceDeployments"]
        shown = {name: value for name, value in (one | changed).items() if value is not None}
        return answer | {"serviceDeployments": [shown]}


def read(answers: Answers, **service: Any) -> Deployment | None:
    shown = {**SERVICE, **service}
    return latest(cast("Any", answers), [shown]).get(shown["serviceArn"])


def test_awss_example_is_read() -> None:
    answers = Answers()
    assert read(answers) == EXAMPLE
    assert answers.asked == ["DescribeServiceDeployments"]


def test_without_the_services_word_the_list_tells() -> None:
    """ECS names the deployment in DescribeServices only some time after it has begun."""
    answers = Answers()
    assert read(answers, currentServiceDeployment=None) == EXAMPLE
    assert answers.asked == ["ListServiceDeployments", "DescribeServiceDeployments"]


def test_one_that_is_about_an_earlier_revision_is_none() -> None:
    assert read(Answers(), deployments=[{"id": "ecs-svc/1", "status": "PRIMARY"}]) is None
    back = {"serviceRevisionArn": f"{PLACE}:service-revision/example-cluster/example-service/1", "reason": "it failed."}
    found = read(
        Answers(status="ROLLBACK_SUCCESSFUL", rollback=back, statusReason="it failed."),
        deployments=[{"id": "ecs-svc/1", "status": "PRIMARY"}],
    )
    assert found == Deployment("ROLLBACK_SUCCESSFUL", "it failed", revision=NUMBER, back_to="1", threshold=3, arn=ARN)


@pytest.mark.parametrize(
    "absent", ["deploymentCircuitBreaker", "alarms", "deploymentConfiguration", "status", "targetServiceRevision"]
)
def test_what_is_absent_is_not_missed(absent: str) -> None:
    found = read(Answers(**{absent: None}), deployments=[])
    assert found is not None
    assert not found.failed


def test_an_alarm_that_stops_a_deployment_has_failed_it() -> None:
    stopped = read(Answers(status="STOPPED"))
    assert stopped is not None
    assert not stopped.failed, "a newer one stopped it"
    alarmed = read(Answers(status="STOPPED", alarms={"status": "TRIGGERED"}))
    assert alarmed is not None
    assert alarmed.failed
