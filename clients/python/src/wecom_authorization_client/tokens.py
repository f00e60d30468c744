"""Access tokens of WeCom's, from the broker."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

TokenKind = Literal["contacts", "external_contacts", "installation", "customized_app"]

Invoke = Callable[[str], tuple[str, bool]]
"""Invokes ``issue-access-token`` with this JSON text; answers its answer and whether it failed. With boto3::

    def invoke(payload: str) -> tuple[str, bool]:
        answer = boto3.client("lambda").invoke(FunctionName=name, Payload=payload)
        return answer["Payload"].read().decode(), "FunctionError" in answer
"""


class TokenError(Exception):
    """The broker refused: ``code`` is one of docs/errors.md."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class AccessTokens:
    """Access tokens from the broker, remembered until a minute before they end."""

    def __init__(self, invoke: Invoke) -> None:
        self._invoke = invoke
        self._issued: dict[tuple[str, str], tuple[str, datetime]] = {}

    def get(self, tenant_id: str, kind: TokenKind) -> str:
        """A token that is good for at least a minute."""
        known = self._issued.get((tenant_id, kind))
        if known is not None and known[1] - datetime.now(UTC) > timedelta(minutes=1):
            return known[0]
        return self._issue({"tenant_id": tenant_id, "kind": kind})

    def replace(self, tenant_id: str, kind: TokenKind, refused: str) -> str:
        """Another token, after WeCom has refused this one (errcode 40014 or 42001)."""
        return self._issue({"tenant_id": tenant_id, "kind": kind, "rejected_access_token": refused})

    def _issue(self, request: dict[str, str]) -> str:
        payload, failed = self._invoke(json.dumps(request))
        answer = json.loads(payload)
        if failed:
            raise TokenError(answer.get("errorType", "unknown"), answer.get("errorMessage", "the broker failed"))
        token: str = answer["access_token"]
        ends = datetime.fromisoformat(answer["expires_at"])
        self._issued[request["tenant_id"], request["kind"]] = (token, ends)
        return token
