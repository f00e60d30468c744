"""What CloudFormation makes of template.yaml: SAM's transform, then parameters, conditions and pseudo parameters resolved."""

import copy
import logging
import os
import pathlib

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform as sam_transform

# It counts its own use, for nobody here.
logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)

ROOT = pathlib.Path(__file__).resolve().parents[2]
ACCOUNT = "123456789012"
STACK = "wecom-authorization"


def source():
    """template.yaml as `sam package` leaves it: code that has been uploaded."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = f"s3://code/{name}"
    return template


class NoManagedPolicies:
    """The transform asks for AWS's managed policies by name; the template names none."""

    @staticmethod
    def load():
        return {}


def transformed(template, parameters, region):
    """The outcome of `Transform: AWS::Serverless-2016-10-31`, intrinsic functions as they are written."""
    os.environ["AWS_DEFAULT_REGION"] = region
    return sam_transform(copy.deepcopy(template), dict(parameters), NoManagedPolicies())


def pseudo_parameters(region):
    china = region.startswith("cn-")
    return {
        "AWS::AccountId": ACCOUNT,
        "AWS::Partition": "aws-cn" if china else "aws",
        "AWS::Region": region,
        "AWS::StackId": f"arn:{'aws-cn' if china else 'aws'}:cloudformation:{region}:{ACCOUNT}:stack/{STACK}/1",
        "AWS::StackName": STACK,
        "AWS::URLSuffix": "amazonaws.com.cn" if china else "amazonaws.com",
    }


NOTHING = object()


class Resolver:
    """Resolves whatever does not need a resource to exist."""

    def __init__(self, template, parameters, region):
        self.values = pseudo_parameters(region)
        for name, parameter in template.get("Parameters", {}).items():
            value = parameters.get(name, parameter.get("Default"))
            if value is None:
                raise ValueError(f"{name} has no value")
            if "AllowedValues" in parameter and str(value) not in map(str, parameter["AllowedValues"]):
                raise ValueError(f"{name}: {value} is not allowed")
            if parameter["Type"] == "CommaDelimitedList" and isinstance(value, str):
                value = [item.strip() for item in value.split(",")]
            self.values[name] = value if isinstance(value, list) else str(value)
        unknown = set(parameters) - set(template.get("Parameters", {}))
        if unknown:
            raise ValueError(f"no such parameters: {unknown}")
        self.conditions = template.get("Conditions", {})

    def holds(self, name):
        return self.judge(self.conditions[name])

    def judge(self, condition):
        [(function, operands)] = condition.items()
        match function:
            case "Condition":
                return self.holds(operands)
            case "Fn::Not":
                return not self.judge(operands[0])
            case "Fn::And":
                return all(self.judge(operand) for operand in operands)
            case "Fn::Or":
                return any(self.judge(operand) for operand in operands)
            case "Fn::Equals":
                left, right = (self.resolve(operand) for operand in operands)
                return str(left) == str(right)
        raise ValueError(f"what is {condition}?")

    def resolve(self, node):
        if isinstance(node, list):
            return [value for value in map(self.resolve, node) if value is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            [(function, operand)] = node.items()
            if function == "Ref":
                return NOTHING if operand == "AWS::NoValue" else self.values.get(operand, node)
            if function == "Fn::If":
                condition, then, otherwise = operand
                return self.resolve(then if self.holds(condition) else otherwise)
            if function == "Fn::Sub":
                return self.substitute(operand)
            if function == "Fn::Join":
                glue, parts = operand[0], self.resolve(operand[1])
                if isinstance(parts, list) and all(isinstance(part, str) for part in parts):
                    return glue.join(parts)
                return {"Fn::Join": [glue, parts]}
        resolved = {key: self.resolve(value) for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not NOTHING}

    def substitute(self, operand):
        text, own = (operand, {}) if isinstance(operand, str) else (operand[0], self.resolve(operand[1]))
        for name, value in {**self.values, **{k: v for k, v in own.items() if isinstance(v, str)}}.items():
            if isinstance(value, str):
                text = text.replace("${" + name + "}", value)
        own = {name: value for name, value in own.items() if "${" + name + "}" in text}
        if own:
            return {"Fn::Sub": [text, own]}
        return {"Fn::Sub": text} if "${" in text else text


def outcome(template, parameters, region):
    """What CloudFormation would create with these parameters in this region: resources and outputs, no condition left."""
    made = transformed(template, parameters, region)
    resolver = Resolver(made, parameters, region)

    def alive(section):
        return {
            name: {key: resolver.resolve(value) for key, value in item.items() if key != "Condition"}
            for name, item in made.get(section, {}).items()
            if "Condition" not in item or resolver.holds(item["Condition"])
        }

    resources = alive("Resources")
    for resource in resources.values():
        waits_for = resource.get("DependsOn")
        if isinstance(waits_for, list):
            resource["DependsOn"] = [name for name in waits_for if name in resources]
        elif waits_for is not None and waits_for not in resources:
            del resource["DependsOn"]
    result = {
        "AWSTemplateFormatVersion": made["AWSTemplateFormatVersion"],
        "Description": made["Description"],
        "Resources": resources,
        "Outputs": alive("Outputs"),
    }
    if "Metadata" in made:
        result["Metadata"] = {"cfn-lint": made["Metadata"]["cfn-lint"]}
    return result
