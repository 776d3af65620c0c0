"""Another source table: what it takes besides its entry in the topology, each missing part by its name.

The results table never is one: a consumer would feed on its own results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline import topology
from pipeline.topology import RELAY_CHANGES, RESULTS, SOURCE_TABLES
from pipeline.topology.kinds import Table
from tests.contract.test_iam import granted
from tests.contract.test_template import of_type, place, read_functions, read_tables, reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pipeline.aws.cloudformation.template import Template

RELAY, ROLE = "RelayChangesFunction", "RelayChangesRole"
RESULTS_STREAM = {"Fn::GetAtt": [RESULTS.resource, "StreamArn"]}
NEW = Table("InvoicesTable", key=("invoice_id",), stream_view="NEW_AND_OLD_IMAGES", expires="expires_at")


def missing(tables: Sequence[Table], template: Template, resources: Mapping[str, Any]) -> Iterator[str]:
    """What the template lacks for these tables to be relayed, a line for each part."""
    made = {table.resource: table for table in read_tables(resources)}
    (relay,) = [each for each in read_functions(resources) if each.resource == RELAY]
    mapped, allowed = {source.resource for source in relay.sources}, granted(resources, RELAY)
    told = {name: reference(output["Value"]) for name, output in template["Outputs"].items()}
    for table in tables:
        name, stream = table.resource, f"{table.resource}/stream"
        if made.get(name) != table:
            yield f"Resources: no table {name} with key {table.key}, stream {table.stream_view}, TTL {table.expires}"
        if stream not in mapped:
            yield f"{RELAY}: no event with Stream: !GetAtt {name}.StreamArn"
        if "dynamodb:GetRecords" not in allowed.get(stream, ()):
            yield f"{ROLE}: ReadTheChanges does not have !GetAtt {name}.StreamArn"
        if told.get(f"{name}Name") != f"${{{name}}}":
            yield f"Outputs: no {name}Name"


def loops(resources: Mapping[str, Any]) -> list[str]:
    """The event source mappings that read the results table."""
    mappings = of_type(resources, "AWS::Lambda::EventSourceMapping")
    return [name for name, each in mappings if place(each["EventSourceArn"]).startswith(RESULTS.resource)]


def test_every_source_table_is_relayed(template: Template, resources: Mapping[str, Any]) -> None:
    """Each table that the topology lists has all its parts in the template."""
    assert [] == list(missing(SOURCE_TABLES, template, resources))
    assert {f"{table.resource}/stream" for table in SOURCE_TABLES} == {each.resource for each in RELAY_CHANGES.sources}


def test_a_new_source_table_says_what_it_lacks(template: Template, resources: Mapping[str, Any]) -> None:
    """A table that only the topology has is told part by part."""
    assert [
        "Resources: no table InvoicesTable with key ('invoice_id',), stream NEW_AND_OLD_IMAGES, TTL expires_at",
        "RelayChangesFunction: no event with Stream: !GetAtt InvoicesTable.StreamArn",
        "RelayChangesRole: ReadTheChanges does not have !GetAtt InvoicesTable.StreamArn",
        "Outputs: no InvoicesTableName",
    ] == list(missing([NEW], template, resources))


def without_its_table(template: Template) -> None:
    del template["Resources"]["PaymentsTable"]["Properties"]["StreamSpecification"]["StreamViewType"]
    template["Resources"]["PaymentsTable"]["Properties"]["StreamSpecification"] = {"StreamViewType": "KEYS_ONLY"}


def without_its_event(template: Template) -> None:
    del template["Resources"][RELAY]["Properties"]["Events"]["Payments"]


def without_its_right(template: Template) -> None:
    policy = template["Resources"][ROLE]["Properties"]["Policies"][0]["PolicyDocument"]
    (statement,) = [each for each in policy["Statement"] if each["Sid"] == "ReadTheChanges"]
    statement["Resource"].pop()


def without_its_output(template: Template) -> None:
    del template["Outputs"]["PaymentsTableName"]


@pytest.mark.parametrize(
    ("take_away", "line"),
    [
        (without_its_table, "Resources: no table PaymentsTable with key"),
        (without_its_event, "RelayChangesFunction: no event with Stream: !GetAtt PaymentsTable.StreamArn"),
        (without_its_right, "RelayChangesRole: ReadTheChanges does not have !GetAtt PaymentsTable.StreamArn"),
        (without_its_output, "Outputs: no PaymentsTableName"),
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

    (told,) = missing(SOURCE_TABLES, template, translate(template)["Resources"])
    assert told.startswith(line)


def test_the_results_table_is_no_source(resources: Mapping[str, Any]) -> None:
    """No function reads the results table's stream: not by the topology, not by the template, not by its rights."""
    read = {source.resource for each in topology.FUNCTIONS for source in each.sources}
    allowed = {grant.resource for each in (*topology.FUNCTIONS, *topology.API_FUNCTIONS) for grant in each.grants}

    assert RESULTS not in SOURCE_TABLES
    assert f"{RESULTS.resource}/stream" not in read | allowed
    assert [] == loops(resources)


def test_a_loop_is_seen(template: Template, translate: Callable[[Template], Mapping[str, Any]]) -> None:
    """An event with the results table's stream, of whichever function, is found."""
    for function, event in (("ProcessFunction", "Records"), (RELAY, "Orders")):
        events = template["Resources"][function]["Properties"]["Events"]
        events["Loop"] = {**events[event], "Properties": {**events[event]["Properties"], "Stream": RESULTS_STREAM}}

    assert {"ProcessFunctionLoop", "RelayChangesFunctionLoop"} == set(loops(translate(template)["Resources"]))
