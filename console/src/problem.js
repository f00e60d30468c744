// What a failed call comes to: the contract's problem+json, or a code of the page's own when no such answer arrived.

/** Codes that the page itself gives when the contract's answer is missing. */
export const PAGE_CODES = ['network', 'unexpected'];

/**
 * What an answer without a `code` means, as API Gateway gives them.
 * @type {Record<number, string | undefined>}
 */
const BY_STATUS = {
  400: 'malformed_request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  413: 'body_too_large',
  415: 'unsupported_media_type',
  429: 'too_many_attempts',
  502: 'temporarily_unavailable',
  503: 'temporarily_unavailable',
  504: 'temporarily_unavailable',
};

/** @typedef {{ errors?: { field: string, code: string }[], missing?: string[], looks_like?: string, wecom?: { errcode: number }, request_id?: string, code?: unknown, retry_after?: number, attempts_left?: number }} Body */

export class Problem extends Error {
  /**
   * @param {string} code
   * @param {{ status?: number, body?: Body, retryAfter?: number | null, at?: number }} [more]
   */
  constructor(code, { status = 0, body = {}, retryAfter = null, at = Date.now() } = {}) {
    super(code);
    this.code = code;
    this.status = status;
    this.fields = Array.isArray(body.errors) ? body.errors : [];
    this.missing = Array.isArray(body.missing) ? body.missing : [];
    this.looksLike = body.looks_like ?? null;
    this.errcode = body.wecom?.errcode ?? null;
    this.requestId = body.request_id ?? null;
    this.retryAt = retryAfter === null ? null : at + retryAfter * 1000;
  }

  /** @param {Response} response */
  static async fromResponse(response) {
    /** @type {Body} */
    const body = (await response.json().catch(() => null)) ?? {};
    const code = typeof body.code === 'string' ? body.code : (BY_STATUS[response.status] ?? 'unexpected');
    const seconds = Number(body.retry_after ?? response.headers.get('retry-after') ?? Number.NaN);
    return new Problem(code, { status: response.status, body, retryAfter: Number.isFinite(seconds) ? seconds : null });
  }

  /** Nobody answered, or not in time. */
  static fromFailure() {
    return new Problem('network');
  }

  /**
   * What was thrown, where only a failed call can throw; anything else is our own fault and goes on.
   * @param {unknown} thrown
   */
  static of(thrown) {
    if (thrown instanceof Problem) return thrown;
    throw thrown;
  }
}
