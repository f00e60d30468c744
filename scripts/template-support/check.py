"""Holds what the template becomes in one region against what AWS takes: check.py REGION DIRECTORY.

Writes each outcome into DIRECTORY, for cfn-lint and checkov. Needs no AWS account.
"""

import copy
import json
import pathlib
import sys

import outcome as cloudformation
from samcli.yamlhelper import yaml_parse
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from variants import ALTERNATIVES, VARIANTS, value_of


def of_type(outcome, kind):
    return {name: resource["Properties"] for name, resource in outcome["Resources"].items() if resource["Type"] == kind}


def routes(outcome):
    """The route keys of the API, such as `GET /callback/{callback_id+}`."""
    [api] = of_type(outcome, "AWS::ApiGatewayV2::Api").values()
    for path, methods in api["Body"]["paths"].items():
        for method in methods:
            yield f"{method.upper()} {path}"


def route_keys_that_do_not_exist(outcome):
    """An HTTP API has no route key that ends in a slash: a definition that is imported loses the route without an error."""
    return [key for key in routes(outcome) if key.endswith("/") and not key.endswith(" /")]


def settings_of_no_route(outcome):
    """A stage whose RouteSettings name a route that is not there is not created."""
    [stage] = of_type(outcome, "AWS::ApiGatewayV2::Stage").values()
    there = {key for key in routes(outcome) if key not in route_keys_that_do_not_exist(outcome)}
    return sorted(set(stage["RouteSettings"]) - there)


def unresolved(outcome):
    """What the outcome could not do without: a condition or a parameter that nobody resolved."""
    text = json.dumps(outcome["Resources"])
    return [function for function in ("Fn::If", "AWS::NoValue", '"Condition": "') if function in text]


def too_large(outcome):
    """Quotas that a stack can reach: resources of a stack, characters of a role's inline policies, of a description."""
    if len(outcome["Resources"]) > 500:
        yield f"{len(outcome['Resources'])} resources, of 500"
    for name, role in of_type(outcome, "AWS::IAM::Role").items():
        size = sum(len(json.dumps(policy["PolicyDocument"], separators=(",", ":"))) for policy in role["Policies"])
        if size > 10_240:
            yield f"{name}: inline policies of {size} characters, of 10240"


def create_only(kind, region):
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind).schema
    return [path.removeprefix("/properties/") for path in schema.get("createOnlyProperties", [])]


def versions(outcome, region):
    """What makes CloudFormation publish another version of a function: function → logical id and create-only properties."""
    fixed = create_only("AWS::Lambda::Version", region)
    return {
        version["FunctionName"]["Ref"]: (name, {key: version.get(key) for key in fixed})
        for name, version in of_type(outcome, "AWS::Lambda::Version").items()
    }


def settings_that_stay_behind(template, parameters, region, names):
    """Functions that a changed parameter reaches, while the version that is served remains the old one."""
    before = cloudformation.outcome(template, parameters, region)
    if not versions(before, region):
        return
    for name in names:
        changed = {**parameters, name: ALTERNATIVES.get(name) or value_of(template, name)}
        after = cloudformation.outcome(template, changed, region)
        served = versions(before, region), versions(after, region)
        for function in set(served[0]) & set(served[1]):
            settings = [dict(outcome["Resources"][function]["Properties"]) for outcome in (before, after)]
            for properties in settings:
                # Of the function, not of a version of it.
                properties.pop("ReservedConcurrentExecutions", None)
            if settings[0] != settings[1] and served[0][function] == served[1][function]:
                yield f"{name} changes {function}, and no version of it is published"


def with_provisioned_concurrency(template):
    """The template with what docs/deploy.md says to add for environments that are kept warm."""
    guide = (cloudformation.ROOT / "docs/deploy.md").read_text()
    _, section = guide.split("### Environments kept warm\n", 1)
    extra = yaml_parse(section.split("```yaml\n", 1)[1].split("```", 1)[0])
    template = copy.deepcopy(template)
    for function in ("EventCallbackFunction", "SuiteCallbackFunction"):
        template["Resources"][function]["Properties"] |= extra
    return template


# What the callbacks read of their settings.
CALLBACK_SETTINGS = ["Architecture", "CallbackIdCheck", "EventRetentionDays", "LogLevel", "RotationGraceHours"]

GATES = [route_keys_that_do_not_exist, settings_of_no_route, unresolved, too_large]


def main():
    region, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    directory.mkdir(parents=True, exist_ok=True)
    template = cloudformation.source()
    wrong = []
    for variant, parameters in VARIANTS.items():
        outcome = cloudformation.outcome(template, parameters, region)
        (directory / f"{variant}.json").write_text(json.dumps(outcome, indent=1))
        for gate in GATES:
            wrong += [f"{region}, {variant}: {gate.__name__}: {finding}" for finding in gate(outcome)]
        print(f"{region}: {variant}: {len(outcome['Resources'])} resources")
    for what, variant, names in [
        ("as it is", template, template["Parameters"]),
        ("with provisioned concurrency", with_provisioned_concurrency(template), CALLBACK_SETTINGS),
    ]:
        stay_behind = settings_that_stay_behind(variant, VARIANTS["defaults"], region, names)
        wrong += [f"{region}, {what}: settings_that_stay_behind: {finding}" for finding in stay_behind]
    if wrong:
        sys.exit("\n".join(wrong))


main()
