"""What holds of every answer, beside what openapi.yaml says of it: checks for schemathesis."""

import os

import schemathesis

TOKEN = os.environ["API_FUZZ_TOKEN"]
UNREACHED = os.environ["API_FUZZ_UNREACHED"].split()


def needs_token(case):
    return case.operation.definition.raw.get("security") != []


@schemathesis.hook
def map_body(context, body):
    """For JSON Schema 7.0 is an integer. No JSON that JavaScript writes says it so, and we do not take it."""
    if isinstance(body, dict) and isinstance(body.get("agent_id"), float) and body["agent_id"].is_integer():
        body["agent_id"] = int(body["agent_id"])
    return body


@schemathesis.check
def admin_routes_need_a_token(ctx, response, case):
    another_method = case.method.upper() != case.operation.method.upper()
    if not TOKEN and needs_token(case):
        refused = (401, 404) if another_method else (401,)
        assert response.status_code in refused, "an admin route answered without a token"


@schemathesis.check
def is_neither_sniffed_nor_kept(ctx, response, case):
    # API Gateway's own answers, to a request without a valid token or for a route that there is not, have neither header.
    if response.status_code in (401, 404) and response.headers.get("content-type") == ["application/json"]:
        assert set(response.json()) == {"message"}, "an answer of the product without its content type"
        return
    assert response.headers.get("x-content-type-options") == ["nosniff"], "no X-Content-Type-Options: nosniff"
    public = case.operation.definition.raw["tags"] == ["Console"] and response.status_code in (200, 304)
    kept = response.headers.get("cache-control")
    assert kept in (["no-store"], ["no-cache"]) if public else kept == ["no-store"], f"Cache-Control: {kept}"


@schemathesis.check
def a_problem_has_the_status_of_its_answer(ctx, response, case):
    if response.headers.get("content-type") == ["application/problem+json"]:
        assert response.json()["status"] == response.status_code


@schemathesis.check
class EveryRouteWasReached:
    """Requests that are all refused would show nothing of what lies behind. WeCom's are, without its signature."""

    def __init__(self):
        self.tried, self.reached = set(), set()

    def after_response(self, ctx, response, case):
        operation = case.operation.definition.raw
        name = operation["operationId"]
        if operation["tags"] != ["WeCom"] and name not in UNREACHED:
            self.tried.add(name)
        if response.status_code < 400 and case.method.upper() == case.operation.method.upper():
            self.reached.add(name)

    def after_run(self, ctx):
        unreached = self.tried - self.reached
        assert "anything" in UNREACHED or not unreached, f"never taken: {', '.join(sorted(unreached))}"
