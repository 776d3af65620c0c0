"""What API Gateway does before and beside the functions: it asks who calls, holds back, and writes down. No content."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.api.problem import THROTTLED_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.aws.cloudformation.template import Template

# API Gateway developer guide, "$context variables": what a client wrote, or who is behind it.
CONTENT = [
    "$context.path",
    "$context.requestOverride",
    "$context.authorizer",
    "$input",
    "querystring",
    "header",
    "body",
]
TOLD = {
    "request_id": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "method": "$context.httpMethod",
    "resource": "$context.resourcePath",
    "status": "$context.status",
    "milliseconds": "$context.responseLatency",
    "bytes": "$context.responseLength",
    "error": "$context.error.responseType",
    "caller": "$context.identity.caller",
}


def one(resources: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The only resource of a type."""
    (found,) = (each for each in resources.values() if each["Type"] == kind)
    return dict(found)


def test_callers_are_asked_who_they_are_unless_it_is_said_otherwise(template: Template) -> None:
    """IAM is the default; a key or nobody is for whoever says so."""
    parameter = template["Parameters"]["ApiAuthorization"]
    assert ("AWS_IAM", {"AWS_IAM", "API_KEY", "NONE"}) == (parameter["Default"], set(parameter["AllowedValues"]))
    conditions = template["Conditions"]
    assert {"Fn::Equals": [{"Ref": "ApiAuthorization"}, "AWS_IAM"]} == conditions["WithIam"]
    assert {"Fn::Equals": [{"Ref": "ApiAuthorization"}, "API_KEY"]} == conditions["WithApiKey"]


def test_an_authorization_that_changes_makes_a_new_deployment(template: Template) -> None:
    """SAM names a deployment after what stands in the definition: the parameter has to stand there by itself."""
    media_types = template["Resources"]["Api"]["Properties"]["BinaryMediaTypes"]
    assert {"Fn::Join": ["-", ["application~1x-authorization", {"Ref": "ApiAuthorization"}]]} in media_types


def test_the_key(resources: Mapping[str, Any]) -> None:
    """With API_KEY there is a key, of a usage plan, of the stage; without there is none."""
    key, plan, both = (one(resources, f"AWS::ApiGateway::{kind}") for kind in ("ApiKey", "UsagePlan", "UsagePlanKey"))
    assert ["WithApiKey"] * 3 == [each["Condition"] for each in (key, plan, both)]
    assert "Value" not in key["Properties"]
    assert [{"Ref": "Api"}] == [each["ApiId"] for each in plan["Properties"]["ApiStages"]]
    assert {"KeyId": {"Ref": "ApiKey"}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": "ApiUsagePlan"}} == both[
        "Properties"
    ]
    (scheme,) = one(resources, "AWS::ApiGateway::RestApi")["Properties"]["Body"]["components"][
        "securitySchemes"
    ].items()
    assert ("api_key", {"type": "apiKey", "name": "x-api-key", "in": "header"}) == scheme


def test_throttling_is_what_the_parameters_say(resources: Mapping[str, Any], template: Template) -> None:
    """Every method of the stage has the rate and the burst of the parameters, and neither can be nothing."""
    (settings,) = one(resources, "AWS::ApiGateway::Stage")["Properties"]["MethodSettings"]
    assert {
        "ResourcePath": "/*",
        "HttpMethod": "*",
        "ThrottlingRateLimit": {"Ref": "ApiRequestsPerSecond"},
        "ThrottlingBurstLimit": {"Ref": "ApiBurst"},
        "LoggingLevel": "OFF",
        "DataTraceEnabled": False,
    } == settings
    rate, burst = (template["Parameters"][name] for name in ("ApiRequestsPerSecond", "ApiBurst"))
    assert ("Number", 1) == (rate["Type"], rate["MinValue"]) == (burst["Type"], burst["MinValue"])
    assert rate["Default"] <= burst["Default"]


def test_what_is_throttled_is_told_when_to_come_back(resources: Mapping[str, Any]) -> None:
    """API Gateway's own 429 has the same Retry-After as a function's."""
    body = one(resources, "AWS::ApiGateway::RestApi")["Properties"]["Body"]
    assert {
        "THROTTLED": {"responseParameters": {"gatewayresponse.header.Retry-After": f"'{THROTTLED_SECONDS}'"}}
    } == body["x-amazon-apigateway-gateway-responses"]


def test_access_logs(resources: Mapping[str, Any]) -> None:
    """Each request is a JSON line in a log group of the stack, with the id that the function's own line has."""
    access = one(resources, "AWS::ApiGateway::Stage")["Properties"]["AccessLogSetting"]
    assert TOLD == json.loads(access["Format"])
    group = resources[access["DestinationArn"]["Fn::GetAtt"][0]]
    assert "AWS::Logs::LogGroup" == group["Type"]
    assert 0 < group["Properties"]["RetentionInDays"] <= 90


@pytest.mark.parametrize("content", CONTENT)
def test_access_logs_hold_no_content(resources: Mapping[str, Any], content: str) -> None:
    """No path, which holds ids and keys, and nothing else that a client wrote."""
    access = one(resources, "AWS::ApiGateway::Stage")["Properties"]["AccessLogSetting"]
    assert content not in access["Format"]


def test_api_gateway_may_write_logs(resources: Mapping[str, Any]) -> None:
    """The account has the role before the stage needs it."""
    account = one(resources, "AWS::ApiGateway::Account")
    assert {"Fn::GetAtt": ["ApiLogsRole", "Arn"]} == account["Properties"]["CloudWatchRoleArn"]
    assert "ApiAccount" in one(resources, "AWS::ApiGateway::RestApi")["DependsOn"]


def test_each_function_may_be_asked_by_this_api_only(resources: Mapping[str, Any]) -> None:
    """The permission names the API, and for events the methods."""
    asked = {
        each["Properties"]["FunctionName"]["Ref"]: each["Properties"]["SourceArn"]["Fn::Sub"].partition("${Api}")[2]
        for each in resources.values()
        if each["Type"] == "AWS::Lambda::Permission" and each["Properties"]["Principal"] == "apigateway.amazonaws.com"
    }
    assert {"IngestApiFunction": "/*/POST/events*", "QueryApiFunction": "/*/*"} == asked
