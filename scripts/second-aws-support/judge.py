"""Judges each call to DynamoDB, Secrets Manager and EventBridge by the caller's role, as IAM would, and hands it on if it is allowed.

The caller is the access key of the request's signature: the name of a function, whose role in the transformed template is then
its only right, or a name of `UNCONFINED`, which prepares the stores. Tables and secrets of any name stand for those of the
template: `…-state` for the table of states, `…-events` for the table of events, the first segment of a secret for the stack's. Every
event bus stands for that of the template.

A condition or an operation that this file does not know is an error, never allowed.
"""

import fnmatch
import http.client
import http.server
import json
import re
import threading

REGION, ACCOUNT, STACK = "us-east-1", "123456789012", "wecom-authorization"
TABLES = {"state": "AuthorizationTable", "events": "EventTable"}
UNCONFINED = {"local"}
KEYS = {
    ("AuthorizationTable", None): "pk",
    ("AuthorizationTable", "due"): "due_shard",
    ("EventTable", None): "event_id",
    ("EventTable", "timeline"): "timeline",
    ("EventTable", "user"): "user",
    ("EventTable", "external_user"): "external_user",
}
ITEM_OPERATIONS = {"PutItem", "GetItem", "UpdateItem", "DeleteItem", "Query", "Scan"}
TRANSACTED = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem", "Get": "GetItem"}
SECRET_OPERATIONS = {
    "CreateSecret", "DeleteSecret", "DescribeSecret", "GetSecretValue", "PutSecretValue", "RestoreSecret", "UpdateSecretVersionStage",
}
# What the service asks of KMS on the caller's behalf.
KMS_OF_SECRETS = {"GetSecretValue": ["Decrypt"], "PutSecretValue": ["GenerateDataKey", "Decrypt"], "CreateSecret": ["GenerateDataKey", "Decrypt"]}


class Unknown(Exception):
    """Something that the judge cannot judge."""


def listed(value):
    return value if isinstance(value, list) else [value]


def kebab(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def arn_of(resource, attribute=None):
    """The ARN that a reference to a resource of the template stands for."""
    if resource in TABLES.values():
        arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{resource}"
        return arn + "/stream/label" if attribute == "StreamArn" else arn
    secrets = {"SuiteSecret": "suite", "SealingKeySecret": "sealing-key"}
    if resource in secrets:
        # Secrets Manager adds six characters to a name.
        return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{STACK}/{secrets[resource]}-AbCdEf"
    return f"arn:aws:template:{REGION}:{ACCOUNT}:{resource}"


def pattern(resource):
    """A statement's resource as a pattern of ARNs."""
    match resource:
        case str():
            return resource
        case {"Ref": name}:
            return arn_of(name)
        case {"Fn::GetAtt": [name, attribute]}:
            return arn_of(name, attribute)
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{(\w+)(?:\.(\w+))?\}", lambda found: arn_of(found[1], found[2]), text)
    raise Unknown(f"resource {resource}")


def matches(text, wanted):
    """IAM's `*` and `?`; it has no brackets."""
    return fnmatch.fnmatchcase(text, wanted.replace("[", "[[]"))


def fulfilled(condition, context):
    for operator, keys in condition.items():
        for key, wanted in keys.items():
            wanted, given = [str(value) for value in listed(wanted)], context.get(key)
            match operator:
                case "ForAllValues:StringLike":
                    # True where the request has no such key.
                    good = all(any(matches(value, one) for one in wanted) for value in given or [])
                case "ForAllValues:StringEquals":
                    good = all(value in wanted for value in given or [])
                case "StringEquals":
                    good = given is not None and given[0] in wanted
                case "ArnLike":
                    good = given is not None and any(matches(given[0], one) for one in wanted)
                case _:
                    raise Unknown(f"condition operator {operator}")
            if not good:
                return False
    return True


class Roles:
    """What each function of the template may do."""

    def __init__(self, outcome):
        resources = outcome["Resources"]
        self.statements = {}
        self.used = {}
        for name, resource in resources.items():
            if resource["Type"] != "AWS::Lambda::Function":
                continue
            role = resources[resource["Properties"]["Role"]["Fn::GetAtt"][0]]["Properties"]
            policies = [policy["PolicyDocument"] for policy in role["Policies"]]
            policies += [resources[managed["Ref"]]["Properties"]["PolicyDocument"] for managed in role.get("ManagedPolicyArns", [])]
            function = kebab(name.removesuffix("Function"))
            self.statements[function] = [statement for policy in policies for statement in listed(policy["Statement"])]
            self.used[function] = set()

    def grants(self, function):
        """The actions on tables, secrets and the event bus that a role allows."""
        return {
            action
            for statement in self.statements[function]
            if statement["Effect"] == "Allow"
            for action in listed(statement["Action"])
            if action.startswith(("dynamodb:", "secretsmanager:", "events:")) and not re.search("Stream|Records|Shard", action)
        }

    def allow(self, function, action, resource, context):
        """Whether some statement allows it, and none denies it."""
        fitting = [
            statement
            for statement in self.statements[function]
            if any(matches(action.lower(), wanted.lower()) for wanted in listed(statement["Action"]))
            and any(matches(resource, pattern(wanted)) for wanted in listed(statement["Resource"]))
            and fulfilled(statement.get("Condition", {}), context)
        ]
        allowed = any(s["Effect"] == "Allow" for s in fitting) and not any(s["Effect"] == "Deny" for s in fitting)
        if allowed:
            self.used[function].add(action)
        return allowed


def table_of(name):
    kind = name.rsplit("-", 1)[-1]
    if kind not in TABLES:
        raise Unknown(f"table {name}")
    return TABLES[kind]


def secret_of(identifier):
    name = re.sub(r"^arn:aws:secretsmanager:[^:]*:[^:]*:secret:(.*)-\w{6}$", r"\1", identifier)
    _, rest = name.split("/", 1)
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{STACK}/{rest}"


def attributes(request):
    """The attributes that a request names, in its item, key and expressions."""
    named = set(request.get("Item", {})) | set(request.get("Key", {}))
    names = request.get("ExpressionAttributeNames", {})
    for field, expression in request.items():
        if field.endswith("Expression"):
            words = re.findall(r"(?<![:\w])[#A-Za-z_][\w]*", expression)
            keywords = "AND OR NOT IN BETWEEN SET ADD REMOVE DELETE attribute_exists attribute_not_exists attribute_type begins_with contains size if_not_exists list_append"
            named |= {names.get(word, word) for word in words if word not in keywords.split() and word.upper() not in keywords.split()}
    return sorted(named)


def leading_keys(operation, table, request):
    attribute = KEYS[table, request.get("IndexName")]
    if operation == "Scan":
        return None
    if operation == "Query":
        names = request.get("ExpressionAttributeNames", {})
        for left, right in re.findall(r"([#\w]+)\s*=\s*(:\w+)", request["KeyConditionExpression"]):
            if names.get(left, left) == attribute:
                return [next(iter(request["ExpressionAttributeValues"][right].values()))]
        raise Unknown(f"a query without {attribute}: {request['KeyConditionExpression']}")
    return [next(iter((request.get("Item") or request["Key"])[attribute].values()))]


def questions(service, operation, request):
    """What IAM is asked about a request: action, resource, context."""
    if service == "secretsmanager":
        if operation == "ListSecrets":  # IAM knows no resource for it.
            yield "secretsmanager:ListSecrets", "*", {}
            return
        if operation not in SECRET_OPERATIONS:
            raise Unknown(f"secretsmanager:{operation}")
        arn = secret_of(request.get("SecretId") or request["Name"])
        # A secret that is not there yet has no suffix; IAM then fills one in.
        yield f"secretsmanager:{operation}", f"{arn}-AbCdEf", {}
        for action in KMS_OF_SECRETS.get(operation, []):
            yield f"kms:{action}", arn_of("SecretKey"), {"kms:ViaService": [f"secretsmanager.{REGION}.amazonaws.com"]}
        return
    if service == "events":
        if operation != "PutEvents":
            raise Unknown(f"events:{operation}")
        for _ in request["Entries"]:
            yield "events:PutEvents", arn_of("EventBus"), {}
        return
    if operation in ("TransactWriteItems", "TransactGetItems"):
        parts = [(TRANSACTED[kind], part) for item in request["TransactItems"] for kind, part in item.items()]
    elif operation == "BatchGetItem":
        tables = request["RequestItems"].items()
        parts = [(operation, {"TableName": table, "Key": key}) for table, wanted in tables for key in wanted["Keys"]]
    elif operation in ITEM_OPERATIONS:
        parts = [(operation, request)]
    else:
        raise Unknown(f"dynamodb:{operation}")
    for action, part in parts:
        table = table_of(part["TableName"])
        index = part.get("IndexName")
        context = {"dynamodb:Attributes": attributes(part)}
        keys = leading_keys(action, table, part)
        if keys is not None:
            context["dynamodb:LeadingKeys"] = keys
        if "Select" in part:
            context["dynamodb:Select"] = [part["Select"]]
        yield f"dynamodb:{action}", arn_of(table) + (f"/index/{index}" if index else ""), context
    yield "kms:Decrypt", arn_of("TableKey"), {"kms:ViaService": [f"dynamodb.{REGION}.amazonaws.com"]}


def differs_from_the_template(outcome, request):
    """A table that is prepared must be the template's."""
    properties = outcome["Resources"][table_of(request["TableName"])]["Properties"]

    def ordered(values):
        return sorted(json.dumps(value, sort_keys=True) for value in values or [])

    parts = ["KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes"]
    wrong = [part for part in parts if ordered(request.get(part)) != ordered(properties.get(part))]
    stream = request.get("StreamSpecification", {}).get("StreamViewType")
    if stream != properties["StreamSpecification"]["StreamViewType"]:
        wrong.append("StreamSpecification")
    return wrong


class Judge:
    """A proxy before `upstream`, on a port of its own."""

    def __init__(self, outcome, upstream):
        self.outcome, self.upstream = outcome, upstream
        self.roles = Roles(outcome)
        self.refused, self.judged = [], 0
        judge = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Without these two an answer leaves as two packets, the second of which waits 40 ms for the acknowledgement of the first.
            disable_nagle_algorithm = True
            wbufsize = -1

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                refusal = judge.refusal(self.headers, body)
                if refusal:
                    answer = json.dumps({"__type": "AccessDeniedException", "Message": refusal, "message": refusal}).encode()
                    self.answer(400, [("content-type", "application/x-amz-json-1.0")], answer)
                    return
                connection = http.client.HTTPConnection(*judge.upstream, timeout=60)
                headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
                connection.request("POST", self.path, body, headers)
                response = connection.getresponse()
                kept = [(n, v) for n, v in response.getheaders() if n.lower() in ("content-type", "x-amzn-requestid", "x-amz-crc32")]
                self.answer(response.status, kept, response.read())
                connection.close()

            def answer(self, status, headers, body):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def refusal(self, headers, body):
        """Why the caller may not do this, if they may not."""
        caller = re.search(r"Credential=([^/]+)/", headers.get("authorization", ""))
        target = headers.get("x-amz-target", "")
        caller = caller[1] if caller else "nobody"
        service, operation = target.rsplit(".", 1) if "." in target else ("", "")
        service = {"secretsmanager": "secretsmanager", "AWSEvents": "events"}.get(service, "dynamodb")
        request = json.loads(body or b"{}")
        try:
            if caller in UNCONFINED:
                if operation == "CreateTable" and (wrong := differs_from_the_template(self.outcome, request)):
                    return self.refuse(f"{request['TableName']} is not the template's table: {wrong}")
                return None
            if caller not in self.roles.statements:
                return self.refuse(f"{caller} is no function of the template")
            for action, resource, context in questions(service, operation, request):
                self.judged += 1
                if not self.roles.allow(caller, action, resource, context):
                    return self.refuse(f"{caller} is not allowed {action} on {resource} with {context}")
        except Unknown as unknown:
            return self.refuse(f"{caller}: the judge does not know {unknown}")
        return None

    def refuse(self, why):
        self.refused.append(why)
        return why
