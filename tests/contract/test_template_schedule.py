"""The schedule and the alarms: the template says what the topology says, and a difference is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline import topology
from pipeline.aws.cloudwatch import CollectMetric
from pipeline.environment import METRICS_NAMESPACE
from pipeline.topology.kinds import Alarm, QueueAlarm, Schedule
from tests.contract.test_template import of_type, place, reference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.aws.cloudformation.template import Template

ON, OFF = {"Fn::If": ["WithAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}, None


def read_schedules(resources: Mapping[str, Any]) -> set[Schedule]:
    """The rules that have a time and no pattern, with their one target."""
    found = set()
    for name, each in of_type(resources, "AWS::Events::Rule"):
        if "ScheduleExpression" in each and each["State"] == "ENABLED":
            (target,) = each["Targets"]
            retry = target["RetryPolicy"]
            found.add(
                Schedule(
                    name,
                    reference(each["ScheduleExpression"]),
                    place(target["Arn"]),
                    retries=retry["MaximumRetryAttempts"],
                    age_seconds=retry["MaximumEventAgeInSeconds"],
                    given_up=place(target["DeadLetterConfig"]["Arn"]),
                )
            )
    return found


def read_alarms(resources: Mapping[str, Any]) -> set[Alarm]:
    """The alarms on the average of a function's own metric that also go off in silence, and tell who wants to know."""
    found = set()
    for name, each in of_type(resources, "AWS::CloudWatch::Alarm"):
        dimensions = {each["Name"]: each["Value"] for each in each["Dimensions"]}
        kind = (each["Statistic"], each["ComparisonOperator"], each["EvaluationPeriods"], each["TreatMissingData"])
        told = (each.get("AlarmActions"), each.get("OKActions"))
        if (
            kind == ("Average", "GreaterThanOrEqualToThreshold", 1, "breaching")
            and told == (ON, ON)
            and dimensions.keys() == {"service", "function_name"}
            and each["Namespace"] == METRICS_NAMESPACE
        ):
            function, seconds = place(dimensions["function_name"]), reference(each["Period"])
            found.add(Alarm(name, function, each["MetricName"], seconds, each["Threshold"]))
    return found


def read_queue_alarms(resources: Mapping[str, Any]) -> set[QueueAlarm]:
    """The alarms that are on while one message lies in a queue, or lies there for long, and tell who wants to know."""
    found = set()
    for name, each in of_type(resources, "AWS::CloudWatch::Alarm"):
        match each:
            case {
                "Namespace": "AWS/SQS",
                "MetricName": "ApproximateNumberOfMessagesVisible" | "ApproximateAgeOfOldestMessage" as metric,
                "Dimensions": [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}],
                "Statistic": "Maximum",
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "Threshold": threshold,
                "EvaluationPeriods": 1,
                "TreatMissingData": "notBreaching",
                "Period": seconds,
            } if (each.get("AlarmActions"), each.get("OKActions")) == (ON, ON):
                is_of_age = metric == "ApproximateAgeOfOldestMessage"
                if is_of_age or threshold == 1:
                    found.add(QueueAlarm(name, queue, seconds, threshold if is_of_age else None))
    return found


def test_schedules_and_alarms_are_the_declared_ones(resources: Mapping[str, Any]) -> None:
    """The template makes the declared ones, enabled, and no others."""
    assert set(topology.SCHEDULES) == read_schedules(resources)
    assert set(topology.ALARMS) == read_alarms(resources)
    assert set(topology.QUEUE_ALARMS) == read_queue_alarms(resources)
    made = {name for name, _ in of_type(resources, "AWS::CloudWatch::Alarm")}
    assert {each.resource for each in (*topology.ALARMS, *topology.QUEUE_ALARMS)} == made


def test_they_lead_somewhere() -> None:
    """A schedule may invoke its function, and an alarm is on a metric that its function tells."""
    callers = {each.resource: each.callers for each in topology.ASYNC_FUNCTIONS}
    assert all({each.resource} == callers[each.function] for each in topology.SCHEDULES)
    assert {each.given_up for each in topology.SCHEDULES} <= {each.resource for each in topology.QUEUES}
    assert {each.metric for each in topology.ALARMS} <= set(CollectMetric)


def test_the_alarm_has_the_functions_dimensions(resources: Mapping[str, Any]) -> None:
    """The service is what the function calls itself; without a canary there is no alarm."""
    alarm = resources["CanaryAlarm"]
    services = {each["Value"] for each in alarm["Properties"]["Dimensions"] if each["Name"] == "service"}
    assert {topology.COLLECT.environment["POWERTOOLS_SERVICE_NAME"]} == services
    assert "WithCanary" == alarm["Condition"]


TARGET = ("Targets", 0)
DIFFERENCES: list[tuple[str, tuple[str | int, ...], object]] = [
    ("CollectSchedule", ("ScheduleExpression",), "rate(2 minutes)"),
    ("CollectSchedule", ("State",), "DISABLED"),
    ("CollectSchedule", (*TARGET, "Arn"), {"Fn::GetAtt": ["ProcessFunction", "Arn"]}),
    ("CollectSchedule", (*TARGET, "RetryPolicy", "MaximumRetryAttempts"), 6),
    ("CollectSchedule", (*TARGET, "RetryPolicy", "MaximumEventAgeInSeconds"), 61),
    ("CollectSchedule", (*TARGET, "DeadLetterConfig", "Arn"), {"Fn::GetAtt": ["Queue", "Arn"]}),
    ("CanaryAlarm", ("MetricName",), "CanarySeconds"),
    ("CanaryAlarm", ("Period",), 60),
    ("CanaryAlarm", ("Threshold",), 1),
    ("CanaryAlarm", ("Statistic",), "Minimum"),
    ("CanaryAlarm", ("TreatMissingData",), "notBreaching"),
    ("CanaryAlarm", ("Namespace",), "other"),
    ("CanaryAlarm", ("OKActions",), OFF),
    ("CanaryAlarm", ("Dimensions", 1, "Value"), {"Ref": "ProcessFunction"}),
    ("UndeliveredAlarm", ("MetricName",), "ApproximateNumberOfMessagesNotVisible"),
    ("UndeliveredAlarm", ("Period",), 60),
    ("UndeliveredAlarm", ("Threshold",), 2),
    ("UndeliveredAlarm", ("TreatMissingData",), "ignore"),
    ("UndeliveredAlarm", ("AlarmActions",), OFF),
    ("UndeliveredAlarm", ("Dimensions", 0, "Value"), {"Fn::GetAtt": ["Queue", "QueueName"]}),
]


@pytest.mark.parametrize(("name", "path", "value"), DIFFERENCES)
def test_a_difference_is_seen(
    template: Template,
    translate: Callable[[Template], Mapping[str, Any]],
    name: str,
    path: tuple[str | int, ...],
    value: object,
) -> None:
    """Any setting that is changed on one side only makes the two differ."""
    inner: Any = template["Resources"][name]["Properties"]
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    found = translate(template)["Resources"]

    assert (set(topology.SCHEDULES), set(topology.ALARMS), set(topology.QUEUE_ALARMS)) != (
        read_schedules(found),
        read_alarms(found),
        read_queue_alarms(found),
    )
