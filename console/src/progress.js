// Progress of the binding, derived from the server's state alone. Pure: what the admin clicked never counts.

/** @import { CallbackState, Installation, NextStep, Refusal, Route, Scope, ScopeState, State, Step, StepState } from './types.js' */

export const STEPS = /** @type {const} */ (['install', 'contacts', 'external-contacts', 'finish']);
const SCOPES = /** @type {const} */ (['contacts', 'external-contacts']);

/** @type {(route: Route | null) => route is Step} */
export const isStep = (route) => STEPS.some((step) => step === route);

/**
 * The part of the state that belongs to a scope as it is named in routes.
 * @type {(state: State, scope: Scope) => ScopeState}
 */
export function scopeState(state, scope) {
  return scope === 'contacts' ? state.contacts : state.external_contacts;
}

/** @type {Record<string, Step | undefined>} */
const STEP_OF = {
  install: 'install',
  contacts_secret: 'contacts',
  contacts_callback: 'contacts',
  external_contacts_secret: 'external-contacts',
  external_contacts_callback: 'external-contacts',
  complete: 'finish',
  done: 'finish',
};

/** @type {(nextStep: string) => Step} */
export function stepOf(nextStep) {
  return STEP_OF[nextStep] ?? 'install';
}

/**
 * The one that matters among refused requests, the newest first: the newest of WeCom's own, or else of the browsers'.
 * @type {(refusals: Refusal[]) => Refusal | null}
 */
export function weightiest(refusals) {
  return refusals.find(({ reason }) => reason !== 'opened_in_browser') ?? refusals[0] ?? null;
}

/**
 * The refusal that the admin still has to act on: WeCom's last try, unless a later one passed.
 * @type {(callback: CallbackState) => Refusal | null}
 */
export function openRefusal({ refusals, verified_at: verifiedAt }) {
  return weightiest(refusals.filter(({ at }) => !verifiedAt || verifiedAt < at));
}

/**
 * Whether we are waiting for WeCom's check of a URL: the first, or the one that ends a rotation.
 * @type {(callback: CallbackState) => boolean}
 */
export function awaitsCheck(callback) {
  return callback.status === 'awaiting_verification' || callback.rotation_pending === true;
}

/** @type {(state: State) => boolean} */
export function isInstalled(state) {
  return state.installation.status === 'installed';
}

/**
 * Installed so that the steps after it can be taken: by an administrator.
 * @type {(state: State) => boolean}
 */
export function isReady(state) {
  return isInstalled(state) && state.installation.auth_mode !== 'member';
}

/**
 * The permissions of a customised app that are to be confirmed and belong to a scope: customers' have names of their own, and all
 * others are shown with the contacts.
 * @type {(state: State, scope: Scope) => string[]}
 */
export function missingPermissions({ installation }, scope) {
  const isOfCustomers = scope === 'external-contacts';
  return installation.missing_permissions.filter((name) => name.startsWith('externalcontact:') === isOfCustomers);
}

/** @type {(state: State) => boolean} */
export function isWaiting(state) {
  return SCOPES.some((scope) => awaitsCheck(scopeState(state, scope).callback));
}

/**
 * What stands between here and 完成配置, in the words of `next_step`.
 * @type {(state: State) => Exclude<NextStep, 'complete' | 'done'>[]}
 */
export function missing(state) {
  /** @type {Exclude<NextStep, 'complete' | 'done'>[]} */
  const open = [];
  if (!isReady(state)) open.push('install');
  // A customised app has a Secret and a callback of its own.
  else if (state.installation.is_customized_app) return open;
  for (const scope of SCOPES) {
    const { secret, callback } = scopeState(state, scope);
    const name = scope === 'contacts' ? 'contacts' : 'external_contacts';
    if (secret.status !== 'accepted') open.push(`${name}_secret`);
    if (callback.status !== 'verified') open.push(`${name}_callback`);
  }
  return open;
}

/** @type {(state: State) => Record<Step, StepState>} */
export function stepStates(state) {
  const current = stepOf(state.next_step);
  const finish = state.completed_at ? 'done' : state.next_step === 'complete' ? 'doing' : 'todo';
  return {
    install: installState(state, current),
    contacts: stateOf(state, 'contacts', current),
    'external-contacts': stateOf(state, 'external-contacts', current),
    finish,
  };
}

/** @type {(state: Pick<State, 'installation'>, current: Step) => StepState} */
function installState({ installation }, current) {
  if (installation.status === 'cancelled') return 'error';
  if (installation.status === 'awaiting_confirmation') return 'attention';
  if (installation.status === 'installed') return installation.auth_mode === 'member' ? 'attention' : 'done';
  return current === 'install' ? 'doing' : 'todo';
}

/** @type {(state: State, scope: Scope, current: Step) => StepState} */
function stateOf(state, scope, current) {
  const part = scopeState(state, scope);
  const isUntouched = part.secret.status === 'missing' && part.callback.status === 'none';
  if (state.installation.is_customized_app && isReady(state) && isUntouched)
    return missingPermissions(state, scope).length > 0 ? 'attention' : 'done';
  return scopeStepState(part, current === scope);
}

/** @type {(scope: ScopeState, isCurrent: boolean) => StepState} */
function scopeStepState({ secret, callback }, isCurrent) {
  if (secret.status === 'rejected') return 'error';
  if (callback.status !== 'verified' && openRefusal(callback)) return 'attention';
  const secretDone = secret.status === 'accepted';
  const callbackDone = callback.status === 'verified';
  if (secretDone && callbackDone) return 'done';
  if (isCurrent) return 'doing';
  return secretDone || callback.status !== 'none' ? 'partial' : 'todo';
}

/** @typedef {{ key: string, corp?: string | null, scope?: Scope, at?: string, reason?: Refusal['reason'] }} Happening */

/**
 * What WeCom or the server has done between two states, for the live region: keys of `page.live`, with the scope or the
 * moment that belongs to them.
 * @type {(before: State | null, after: State) => Happening[]}
 */
export function happenings(before, after) {
  if (!before) return [];
  /** @type {Happening[]} */
  const found = [];
  if (!isInstalled(before) && isInstalled(after)) found.push({ key: 'installed', corp: after.installation.corp_name });
  if (after.installation.status === 'awaiting_confirmation' && before.installation.status !== 'awaiting_confirmation')
    found.push({ key: 'scanned', corp: after.installation.corp_name });
  if (after.installation.status === 'cancelled' && before.installation.status !== 'cancelled')
    found.push({ key: 'cancelled' });
  if (after.installation.status === 'not_installed' && before.installation.status !== 'not_installed')
    found.push({ key: 'disconnected' });
  for (const scope of SCOPES) {
    const was = scopeState(before, scope);
    const is = scopeState(after, scope);
    if (is.secret.status === 'rejected' && was.secret.status !== 'rejected')
      found.push({ key: 'secret_rejected', scope });
    if (is.callback.status === 'verified' && was.callback.status !== 'verified') found.push({ key: 'verified', scope });
    if (was.callback.rotation_pending && !is.callback.rotation_pending && is.callback.status === 'verified')
      found.push({ key: 'rotated', scope });
    const refusal = openRefusal(is.callback);
    if (refusal && !was.callback.refusals.some(({ at }) => at === refusal.at))
      found.push({ key: 'refused', scope, at: refusal.at, reason: refusal.reason });
  }
  return found;
}
