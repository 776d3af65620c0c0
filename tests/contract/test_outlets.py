"""Another outlet: what it takes besides the route that names it, each missing part by its name.

The stream of the stack and what stands at its doors never are outlets: the pipeline would read itself, without end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import routes, topology
from pipeline.core.encode import archive_line
from pipeline.core.outlet import outlets, to_bus, to_queue, to_stream, to_topic
from pipeline.core.route import Route, where
from pipeline.model import OutletKind
from pipeline.topology import OUTLETS, PROCESS
from pipeline.topology.kinds import Outlet
from tests.contract.test_iam import granted
from tests.contract.test_template import of_type, place, reference

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from pipeline.aws.cloudformation.template import Template
    from pipeline.ports import Destination

FUNCTION, ROLE = "ProcessFunction", "ProcessRole"
# What an outlet of each kind is in the template, and the end of its output's name: what Ref gives.
TYPES = {
    OutletKind.STREAM: ("AWS::Kinesis::Stream", "Name"),
    OutletKind.BUS: ("AWS::Events::EventBus", "Name"),
    OutletKind.TOPIC: ("AWS::SNS::Topic", "Arn"),
    OutletKind.QUEUE: ("AWS::SQS::Queue", "Url"),
}
DOORS = {"Stream", "Topic", "Bus", "Queue", "FifoQueue"}


def named(destinations: Sequence[Destination] = ()) -> set[Outlet]:
    """The outlets that the routes name, and these destinations."""
    told = outlets([*routes.PROCESS.values(), Route((), tuple(destinations))])
    return {Outlet(each.name, each.kind) for each in told}


def missing(wanted: Sequence[Outlet], template: Template, resources: Mapping[str, Any]) -> Iterator[str]:
    """What the template lacks for these outlets to be told, a line for each part."""
    variables = resources[FUNCTION]["Properties"]["Environment"]["Variables"]
    allowed: Mapping[str, Collection[str]] = granted(resources, FUNCTION)
    told = {name: reference(output["Value"]) for name, output in template["Outputs"].items()}
    for outlet in wanted:
        name, (kind, end) = outlet.resource, TYPES[outlet.kind]
        if resources.get(name, {}).get("Type") != kind:
            yield f"Resources: no {kind} {name}"
        if variables.get(outlet.variable) != {"Ref": name}:
            yield f"{FUNCTION}: no variable {outlet.variable}: !Ref {name}"
        if set(allowed.get(name, ())) != outlet.grant.actions:
            (action,) = outlet.grant.actions
            yield f"{ROLE}: no statement that allows {action} on {name}, and nothing else"
        if told.get(f"{name}{end}") != f"${{{name}}}":
            yield f"Outputs: no {name}{end}"


def read_by_the_stack(resources: Mapping[str, Any]) -> set[str]:
    """Whatever something of the stack takes from: mappings, subscriptions, rules."""
    mappings = of_type(resources, "AWS::Lambda::EventSourceMapping")
    subscriptions = of_type(resources, "AWS::SNS::Subscription")
    rules = of_type(resources, "AWS::Events::Rule")
    return (
        {place(each["EventSourceArn"]) for _, each in mappings}
        | {place(each["TopicArn"]) for _, each in subscriptions}
        | {place(each["EventBusName"]) for _, each in rules if "EventBusName" in each}
    )


def test_routes_and_topology_agree() -> None:
    """Every outlet that a route names is declared, of that kind, and every one that is declared is named."""
    assert set(OUTLETS) == named()


def test_every_outlet_is_in_the_template(template: Template, resources: Mapping[str, Any]) -> None:
    """Each that the topology lists has all its parts there, and no other variable or right is left over."""
    assert [] == list(missing(OUTLETS, template, resources))
    variables = resources[FUNCTION]["Properties"]["Environment"]["Variables"]
    assert {each.variable for each in OUTLETS} == {each for each in variables if each.startswith("OUTLET_")}


@pytest.mark.parametrize(
    ("destination", "lines"),
    [
        (
            where(bool, to_topic("NewTopic")),
            [
                "Resources: no AWS::SNS::Topic NewTopic",
                "ProcessFunction: no variable OUTLET_NEW_TOPIC: !Ref NewTopic",
                "ProcessRole: no statement that allows sns:Publish on NewTopic, and nothing else",
                "Outputs: no NewTopicArn",
            ],
        ),
        (
            to_stream("NewStream"),
            [
                "Resources: no AWS::Kinesis::Stream NewStream",
                "ProcessFunction: no variable OUTLET_NEW_STREAM: !Ref NewStream",
                "ProcessRole: no statement that allows kinesis:PutRecords on NewStream, and nothing else",
                "Outputs: no NewStreamName",
            ],
        ),
        (archive_line, []),
    ],
)
def test_a_new_outlet_says_what_it_lacks(
    destination: Destination, lines: list[str], template: Template, resources: Mapping[str, Any]
) -> None:
    """One that only a route names is told part by part."""
    assert lines == list(missing([*named([destination]) - set(OUTLETS)], template, resources))


def without_its_topic(template: Template) -> None:
    template["Resources"]["AlertsTopic"] = template["Resources"]["ResultsBus"]


def without_its_variable(template: Template) -> None:
    del template["Resources"][FUNCTION]["Properties"]["Environment"]["Variables"]["OUTLET_RESULTS_BUS"]


def without_its_right(template: Template) -> None:
    statements = template["Resources"][ROLE]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    (statement,) = [each for each in statements if each["Sid"] == "TellTheQueue"]
    statement["Action"] = ["sqs:SendMessage", "sqs:ReceiveMessage"]


def without_its_output(template: Template) -> None:
    del template["Outputs"]["ObjectsQueueUrl"]


@pytest.mark.parametrize(
    ("take_away", "line"),
    [
        (without_its_topic, "Resources: no AWS::SNS::Topic AlertsTopic"),
        (without_its_variable, "ProcessFunction: no variable OUTLET_RESULTS_BUS: !Ref ResultsBus"),
        (
            without_its_right,
            "ProcessRole: no statement that allows sqs:SendMessage on ObjectsQueue, and nothing else",
        ),
        (without_its_output, "Outputs: no ObjectsQueueUrl"),
    ],
)
def test_each_part_is_missed(
    template: Template,
    translate: Callable[[Template], Mapping[str, Any]],
    take_away: Callable[[Template], None],
    line: str,
) -> None:
    """A part that is not there is told, and nothing else is."""
    take_away(template)
    assert [line] == list(missing(OUTLETS, template, translate(template)["Resources"]))


def test_nothing_of_the_stack_reads_an_outlet(resources: Mapping[str, Any]) -> None:
    """It would be a loop: not by the template, and no function may."""
    told = {each.resource for each in OUTLETS}
    granted_to_read = {
        grant.resource
        for each in topology.ALL_FUNCTIONS
        for grant in each.grants
        if grant not in {outlet.grant for outlet in OUTLETS}
    }
    assert DOORS < read_by_the_stack(resources)
    assert told.isdisjoint(read_by_the_stack(resources) | granted_to_read | DOORS)
    assert told.isdisjoint(
        {grant.resource for each in topology.ALL_FUNCTIONS if each != PROCESS for grant in each.grants}
    )


@pytest.mark.parametrize(
    "destination", [to_stream("Stream"), to_topic("Topic"), to_bus("Bus"), to_queue("Queue"), to_queue("FifoQueue")]
)
def test_a_loop_is_seen(destination: Destination, resources: Mapping[str, Any]) -> None:
    """A route to the stack's own stream, or to what stands at its doors, is no declared outlet, and is read."""
    (loop,) = named([destination]) - set(OUTLETS)
    assert loop.resource in read_by_the_stack(resources)
    assert set(OUTLETS) != named([destination])


def test_a_fifo_queue_is_one_by_its_name(resources: Mapping[str, Any]) -> None:
    """SQS and SNS have names of FIFO end in `.fifo`; CloudFormation makes them up so, and no other name is given."""
    fifo = {each.resource for each in topology.QUEUES if each.is_fifo}
    assert {"ObjectsQueue"} == fifo & {each.resource for each in OUTLETS}
    assert all("QueueName" not in resources[name]["Properties"] for name in fifo)


def test_kinds_differ() -> None:
    """A route that takes a topic for a queue does not agree with the topology."""
    wrong = replace(OUTLETS[0], kind=OutletKind.QUEUE)
    assert wrong in named([to_queue("AlertsTopic")])
    assert wrong not in OUTLETS
