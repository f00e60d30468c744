"""Starts ministack, a judge in front of it, and the tests against the two: run.py MINISTACK OUTCOMES.

OUTCOMES is the directory of what the template becomes (`outcome.py`), as JSON: `production` has the roles that the judge enforces and
the tables that may be created; `defaults` is the stack that ministack's CloudFormation creates, because it knows no NAT gateway.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import unittest.mock
import urllib.error
import urllib.request

import boto3
import judge as iam
import patterns

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/support"))
import smoke  # noqa: E402

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "us-east-1"}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def ministack(log):
    """An independent DynamoDB and Secrets Manager, in memory, on loopback."""
    port = free_port()
    environment = os.environ | {"GATEWAY_PORT": str(port), "EDGE_PORT": str(port), "BIND_HOST": "127.0.0.1", "PERSIST_STATE": "0"}
    process = subprocess.Popen([sys.argv[1]], env=environment, stdout=log, stderr=log)
    for _ in range(600):
        if process.poll() is not None:
            sys.exit("ministack ended at its start")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=1)
        except urllib.error.HTTPError:
            pass
        except OSError:
            time.sleep(0.1)
            continue
        return process, port
    sys.exit("ministack does not answer")


def build_tests():
    """The binary of the product's tests. The whole workspace is built: a package by itself has other features enabled."""
    command = ["cargo", "test", "--locked", "--quiet", "--workspace", "--no-run", "--message-format", "json"]
    messages = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    artifacts = [message for message in map(json.loads, messages) if message["reason"] == "compiler-artifact"]
    [binary] = [a["executable"] for a in artifacts if a["target"]["src_path"] == str(ROOT / "tests/it/main.rs")]
    return binary


TESTS = build_tests()


def run_tests(endpoint, *arguments):
    environment = os.environ | {"TEST_ENDPOINT_URL": endpoint}
    started = time.monotonic()
    run = subprocess.run([TESTS, "--quiet", *arguments], cwd=ROOT / "tests", env=environment, capture_output=True, text=True)
    print(f"{time.monotonic() - started:6.1f} s  {' '.join(arguments)}: {'passed' if run.returncode == 0 else 'FAILED'}")
    if run.returncode != 0:
        print(run.stdout[-12000:], run.stderr[-4000:])
    for line in run.stdout.splitlines():
        if line.startswith("test result"):
            print(f"          {line}")
    return run.returncode == 0, run.stdout


# What ministack does otherwise than AWS: it drops a version of a secret as soon as it has no label, where AWS keeps a hundred of
# them and none younger than a day (Secrets Manager User Guide, "What's in a Secrets Manager secret").
OTHERWISE = ["contract::vault::a_version_is_readable_however_many_came_after_it"]


def play(outcome, port, *filters):
    judge = iam.Judge(outcome, ("127.0.0.1", port))
    passed, output = run_tests(judge.url, *filters)
    return judge, passed, output


def judges_rightly(outcome):
    """Questions whose answers are known, so that a judge that allows everything, or nothing, is noticed."""
    judge = iam.Judge(outcome, ("127.0.0.1", 1))

    def item(partition_key):
        return {"TableName": "x-state", "Key": {"pk": {"S": partition_key}, "sk": {"S": "x"}}}

    def batch(*partition_keys):
        return {"RequestItems": {"x-state": {"Keys": [item(key)["Key"] for key in partition_keys]}}}

    scan = {"TableName": "x-state", "Select": "SPECIFIC_ATTRIBUTES", "ProjectionExpression": "pk, sk, #c", "ExpressionAttributeNames": {"#c": "current"}}
    transaction = {"TransactItems": [{"Delete": item("TOKEN#x")}, {"Update": item("CALLBACK#x")}]}
    dynamodb, secretsmanager, put_events = "DynamoDB_20120810", "secretsmanager", "AWSEvents.PutEvents"
    event = {"Entries": [{"EventBusName": "bus", "Source": "x", "DetailType": "x", "Detail": "{}"}]}
    known = [
        ("event-callback", f"{dynamodb}.GetItem", item("CALLBACK#x"), True),
        ("event-callback", f"{dynamodb}.GetItem", item("TENANT#x"), False),
        ("event-callback", f"{dynamodb}.DeleteItem", item("CALLBACK#x"), False),
        ("check-health", f"{dynamodb}.BatchGetItem", batch("CALLBACK#x", "BAN#x"), True),
        ("check-health", f"{dynamodb}.BatchGetItem", batch("CALLBACK#x", "TENANT#x"), False),
        ("event-callback", f"{secretsmanager}.GetSecretValue", {"SecretId": "x/sealing-key"}, True),
        ("event-callback", f"{secretsmanager}.GetSecretValue", {"SecretId": "x/acme/contacts"}, False),
        ("register-secret", f"{secretsmanager}.CreateSecret", {"Name": "x/acme/contacts"}, True),
        ("register-secret", f"{secretsmanager}.GetSecretValue", {"SecretId": "x/acme/contacts"}, False),
        ("rotate-sealing-key", f"{dynamodb}.Scan", scan, True),
        ("rotate-sealing-key", f"{dynamodb}.Scan", {**scan, "ProjectionExpression": "pk, access_token"}, False),
        ("rotate-sealing-key", f"{dynamodb}.Scan", {key: value for key, value in scan.items() if key != "Select"}, False),
        ("issue-access-token", f"{dynamodb}.TransactWriteItems", transaction, False),
        ("publish-events", put_events, event, True),
        ("event-callback", put_events, event, False),
        ("local", f"{dynamodb}.CreateTable", {"TableName": "x-state", "KeySchema": [], "AttributeDefinitions": []}, False),
        ("nobody", f"{dynamodb}.GetItem", item("CALLBACK#x"), False),
    ]
    wrong = []
    for caller, target, request, allowed in known:
        headers = {"authorization": f"AWS4-HMAC-SHA256 Credential={caller}/x", "x-amz-target": target}
        refusal = judge.refusal(headers, json.dumps(request).encode())
        if allowed != (refusal is None):
            wrong.append(f"{caller}, {target}, {request}: {refusal}")
    deny = json.loads(json.dumps(outcome))
    policy = deny["Resources"]["EventCallbackRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    policy.append({"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"})
    headers = {"authorization": "AWS4-HMAC-SHA256 Credential=event-callback/x", "x-amz-target": f"{dynamodb}.GetItem"}
    if iam.Judge(deny, ("127.0.0.1", 1)).refusal(headers, json.dumps(item("CALLBACK#x")).encode()) is None:
        wrong.append("an explicit denial does not win")
    print(f"          the judge answers {len(known) + 1 - len(wrong)} of {len(known) + 1} known questions rightly")
    print("".join(f"          {one}\n" for one in wrong), end="")
    return not wrong


def without_one_action(outcome):
    """The outcome, less one thing that a function does in every sample."""
    changed = json.loads(json.dumps(outcome))
    statements = changed["Resources"]["UpdateSettingsRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    [put] = [statement for statement in statements if statement["Action"] == "dynamodb:PutItem"]
    put["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"].remove("AUDIT#*")
    return changed


# What ministack's CloudFormation does not know; of an alarm on an expression it says so itself.
UNKNOWN = ["AWS::Events::Archive", "AWS::SecretsManager::RotationSchedule"]


@unittest.mock.patch.dict(os.environ, CREDENTIALS)
def create_stack(outcome, port):
    """Lets ministack's CloudFormation create the stack, and the stack's part of scripts/smoke look at it."""
    os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
    resources = outcome["Resources"]
    known = {
        name: resource
        for name, resource in resources.items()
        if resource["Type"] not in UNKNOWN and not (resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"])
    }
    template = {**outcome, "Resources": known}
    template.pop("Metadata", None)
    bucket = boto3.client("s3")
    bucket.create_bucket(Bucket="templates")
    bucket.put_object(Bucket="templates", Key="template.json", Body=json.dumps(template).encode())
    cloudformation = boto3.client("cloudformation")
    location = f"http://127.0.0.1:{port}/templates/template.json"
    cloudformation.create_stack(StackName=iam.STACK, TemplateURL=location, Capabilities=["CAPABILITY_IAM"])
    for _ in range(300):
        [stack] = cloudformation.describe_stacks(StackName=iam.STACK)["Stacks"]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            break
        time.sleep(0.1)
    print(f"          stack of {len(known)} of {len(resources)} resources: {stack['StackStatus']}")
    if stack["StackStatus"] != "CREATE_COMPLETE":
        for event in cloudformation.describe_stack_events(StackName=iam.STACK)["StackEvents"]:
            if event["ResourceStatus"].endswith("FAILED"):
                print(f"          {event['LogicalResourceId']}: {event['ResourceStatusReason']}")
        return False
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    report, deployment = smoke.Report(), smoke.Deployment(outputs["ApiUrl"])
    smoke.stack(report, deployment, iam.STACK, "us-east-1", None)
    noticed = report.wrong
    filled = json.dumps({field: "filled in" for field in smoke.SUITE_FIELDS})
    boto3.client("secretsmanager").put_secret_value(SecretId=outputs["SuiteSecretArn"], SecretString=filled)
    report = smoke.Report()
    smoke.stack(report, deployment, iam.STACK, "us-east-1", None)
    if report.wrong != noticed - 1:
        print("FAILED: scripts/smoke did not notice that the suite's secret was empty")
    return report.wrong == noticed - 1


def main():
    outcome, defaults = (json.loads(pathlib.Path(sys.argv[2], f"{name}.json").read_text()) for name in ("production", "defaults"))
    samples = "samples::every_sample_is_answered_as_is_recorded_beside_it"
    with open(ROOT / "target/second-aws.log", "w") as log:
        process, port = ministack(log)
        try:
            knows = judges_rightly(outcome)
            knows &= patterns.match(port)
            judge, all_right, _ = play(outcome, port, "--exact", samples)
            print(f"          {judge.judged} questions judged, {len(judge.refused)} refused")
            for refusal in judge.refused:
                print(f"          {refusal}")
            all_right &= knows and not judge.refused and judge.judged > 500
            for function in sorted(judge.roles.statements):
                idle = judge.roles.grants(function) - judge.roles.used[function]
                if idle:
                    print(f"          {function}: allowed, and in no sample: {', '.join(sorted(idle))}")

            # On stores of its own: the tables of the first play are there already.
            fresh, fresh_port = ministack(log)
            try:
                lacking, passed, _ = play(without_one_action(outcome), fresh_port, "--exact", samples)
            finally:
                fresh.terminate()
                fresh.wait()
            if passed or not lacking.refused:
                print("FAILED: a role without dynamodb:PutItem on AUDIT#* was not noticed")
                all_right = False

            all_right &= create_stack(defaults, port)

            contract, _ = run_tests(f"http://127.0.0.1:{port}", "contract::", *[a for name in OTHERWISE for a in ("--skip", name)])
            all_right &= contract
        finally:
            process.terminate()
            process.wait()
    sys.exit(0 if all_right else 1)


main()
