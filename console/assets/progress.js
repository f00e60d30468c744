// How far the binding has come, told from the server's state alone. Pure: what the admin clicked never counts.

export const STEPS = ['install', 'contacts', 'external-contacts', 'finish'];
const SCOPES = ['contacts', 'external-contacts'];

/** The part of the state that belongs to a scope as it is named in routes. */
export function scopeState(state, scope) {
  return state[scope.replaceAll('-', '_')];
}

const STEP_OF = {
  install: 'install',
  contacts_secret: 'contacts', contacts_callback: 'contacts',
  external_contacts_secret: 'external-contacts', external_contacts_callback: 'external-contacts',
  complete: 'finish', done: 'finish',
};

export function stepOf(nextStep) {
  return STEP_OF[nextStep] ?? 'install';
}

/** The refusal that the admin still has to act on: WeCom's last try, unless a later one passed. */
export function openRejection(callback) {
  const rejection = callback.last_rejection;
  if (!rejection) return null;
  const settled = callback.verified_at && callback.verified_at >= rejection.at;
  return settled ? null : rejection;
}

/** Whether we are waiting for WeCom's check of a URL: the first, or the one that ends a rotation. */
export function awaitsCheck(callback) {
  return callback.status === 'awaiting_verification' || callback.rotation_pending === true;
}

export function isInstalled(state) {
  return state.installation.status === 'installed';
}

/** Installed so that the steps after it can be taken: by an administrator. */
export function isReady(state) {
  return isInstalled(state) && state.installation.auth_mode !== 'member';
}

export function isWaiting(state) {
  return SCOPES.some((scope) => awaitsCheck(scopeState(state, scope).callback));
}

/** What stands between here and 完成配置, in the words of `next_step`. */
export function missing(state) {
  const open = [];
  if (!isReady(state)) open.push('install');
  for (const scope of SCOPES) {
    const { secret, callback } = scopeState(state, scope);
    const name = scope.replaceAll('-', '_');
    if (secret.status !== 'accepted') open.push(`${name}_secret`);
    if (callback.status !== 'verified') open.push(`${name}_callback`);
  }
  return open;
}

/** Each step as `todo`, `doing`, `partial`, `attention`, `error` or `done`. */
export function stepStates(state) {
  const current = stepOf(state.next_step);
  const finish = state.completed_at ? 'done' : state.next_step === 'complete' ? 'doing' : 'todo';
  return {
    install: installState(state, current),
    contacts: scopeStepState(state.contacts, current === 'contacts'),
    'external-contacts': scopeStepState(state.external_contacts, current === 'external-contacts'),
    finish,
  };
}

function installState({ installation }, current) {
  if (installation.status === 'cancelled') return 'error';
  if (installation.status === 'installed') return installation.auth_mode === 'member' ? 'attention' : 'done';
  return current === 'install' ? 'doing' : 'todo';
}

function scopeStepState({ secret, callback }, isCurrent) {
  if (secret.status === 'rejected') return 'error';
  if (callback.status !== 'verified' && openRejection(callback)) return 'attention';
  const secretDone = secret.status === 'accepted';
  const callbackDone = callback.status === 'verified';
  if (secretDone && callbackDone) return 'done';
  if (isCurrent) return 'doing';
  return secretDone || callback.status !== 'none' ? 'partial' : 'todo';
}

/**
 * What WeCom or the server has done between two states, for the live region: keys of `page.live`, with the scope or the
 * moment that belongs to them.
 */
export function happenings(before, after) {
  if (!before) return [];
  const found = [];
  if (!isInstalled(before) && isInstalled(after)) found.push({ key: 'installed', corp: after.installation.corp_name });
  if (after.installation.status === 'cancelled' && before.installation.status !== 'cancelled') found.push({ key: 'cancelled' });
  if (after.installation.status === 'not_installed' && before.installation.status !== 'not_installed') found.push({ key: 'disconnected' });
  for (const scope of SCOPES) {
    const was = scopeState(before, scope);
    const is = scopeState(after, scope);
    if (is.secret.status === 'rejected' && was.secret.status !== 'rejected') found.push({ key: 'secret_rejected', scope });
    if (is.callback.status === 'verified' && was.callback.status !== 'verified') found.push({ key: 'verified', scope });
    if (was.callback.rotation_pending && !is.callback.rotation_pending && is.callback.status === 'verified') found.push({ key: 'rotated', scope });
    const refusal = openRejection(is.callback);
    if (refusal && refusal.at !== was.callback.last_rejection?.at) found.push({ key: 'refused', scope, at: refusal.at, reason: refusal.reason });
  }
  return found;
}
