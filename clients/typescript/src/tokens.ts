/** Which access token of WeCom's. */
export type TokenKind = "contacts" | "external_contacts" | "installation" | "customized_app";

/** Whose token, and of which kind. */
export interface TokenRequest {
  tenant_id: string;
  kind: TokenKind;
}

/**
 * Invokes `issue-access-token` with this JSON text and answers what it answered. With the AWS SDK:
 * `async (payload) => { const out = await lambda.send(new InvokeCommand({ FunctionName, Payload: payload }));
 * return { payload: out.Payload.transformToString(), failed: out.FunctionError !== undefined }; }`
 */
export type Invoke = (payload: string) => Promise<{ payload: string; failed: boolean }>;

/** The broker refused: `code` is one of `docs/errors.md`. */
export class TokenError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "TokenError";
  }
}

interface Issued {
  access_token: string;
  expires_at: string;
}

/** Access tokens from the broker, remembered until a minute before they end. */
export class AccessTokens {
  readonly #invoke: Invoke;
  readonly #issued = new Map<string, Issued>();

  constructor(invoke: Invoke) {
    this.#invoke = invoke;
  }

  /** A token that is good for at least a minute. */
  async get(request: TokenRequest): Promise<string> {
    const known = this.#issued.get(key(request));
    if (known !== undefined && Date.parse(known.expires_at) - Date.now() > 60_000) {
      return known.access_token;
    }
    return this.#issue(request, {});
  }

  /** Another token, after WeCom has refused this one (errcode 40014 or 42001). */
  async replace(request: TokenRequest, refused: string): Promise<string> {
    return this.#issue(request, { rejected_access_token: refused });
  }

  async #issue(request: TokenRequest, more: { rejected_access_token?: string }): Promise<string> {
    const { payload, failed } = await this.#invoke(JSON.stringify({ ...request, ...more }));
    const answer = JSON.parse(payload) as Issued & { errorType?: string; errorMessage?: string };
    if (failed) {
      throw new TokenError(answer.errorType ?? "unknown", answer.errorMessage ?? "the broker failed");
    }
    this.#issued.set(key(request), answer);
    return answer.access_token;
  }
}

function key(request: TokenRequest): string {
  return `${request.kind}\n${request.tenant_id}`;
}
