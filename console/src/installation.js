// The install link: made, opened in a tab beside this one, kept for this tab's life so that a reload loses nothing. Of a
// template it is the text of a QR code, which is shown here and scanned by a phone.

import { signal } from '@preact/signals';
import { passing } from './storage.js';

/** @import { State } from './types.js' */
/** @import { Store } from './storage.js' */
/** @import { Api } from './api.js' */

const KEPT = 'wecom-authorization.install-link';
/** How long after WeCom's return we say "finishing" before we say that nothing has come of it. */
const FINISHING_MS = 60_000;

/** @typedef {{ url: string, expires_at: string, before: string, isQrCode?: boolean }} Link */
/** @typedef {ReturnType<typeof createInstallation>} InstallationFlow */

/** @param {{ api: Pick<Api, 'startInstallation'>, store?: Store, now?: () => number }} parts */
export function createInstallation({ api, store = passing, now = () => Date.now() }) {
  const kept = signal(/** @type {Link | null} */ (JSON.parse(store.getItem(KEPT) ?? 'null')));
  const returnedAt = signal(/** @type {number | null} */ (null));
  /** The browser opened no tab when the link was made. */
  const blocked = signal(false);

  /** @param {Link | null} link */
  function keep(link) {
    kept.value = link;
    if (link) store.setItem(KEPT, JSON.stringify(link));
    else store.removeItem(KEPT);
  }

  /** @type {(made: { qr_code_text: string, expires_at: string }, installation: State['installation']) => void} */
  function keepQrCode({ qr_code_text: url, expires_at }, installation) {
    keep({ url, expires_at, before: JSON.stringify(installation), isQrCode: true });
  }

  function link() {
    return kept.value && Date.parse(kept.value.expires_at) > now() ? kept.value : null;
  }

  const isFinishing = () => returnedAt.value !== null && now() - returnedAt.value < FINISHING_MS;

  return {
    link,
    blocked,
    /** A link was made in this tab and has run out. */
    expired: () => kept.value !== null && link() === null,
    /** WeCom has sent the browser back and the state does not show it yet. */
    isFinishing,
    isAwaited: () => link() !== null || isFinishing(),
    /** WeCom has sent the browser back, here or in the tab beside. */
    returned() {
      returnedAt.value = now();
      keep(null);
    },
    giveUp() {
      returnedAt.value = null;
      keep(null);
    },
    /**
     * Ends the waiting once the state shows an installation, or a scan, that was not there when the link was made.
     * @param {State} state
     */
    settle({ installation }) {
      if (installation.status !== 'installed' && installation.status !== 'awaiting_confirmation') return;
      returnedAt.value = null;
      if (link()?.before !== JSON.stringify(installation)) keep(null);
    },
    /**
     * Asks for the QR code of a template.
     * @param {State} state
     * @param {string} templateId
     */
    async beginWithQrCode({ installation }, templateId) {
      const made = await api.startInstallation(templateId);
      if ('qr_code_text' in made) keepQrCode(made, installation);
    },
    /**
     * Opens the tab in the click itself (later, browsers take it for a pop-up), asks for the link, and sends the tab
     * there. The tab starts as ours, so it keeps this session; it gets no handle on this page.
     * @param {State} state
     */
    async begin({ installation }, open = openTab) {
      const tab = open();
      try {
        const made = await api.startInstallation();
        if ('qr_code_text' in made) {
          tab?.close();
          return keepQrCode(made, installation);
        }
        const { install_url: url, expires_at } = made;
        keep({ url, expires_at, before: JSON.stringify(installation) });
        tab?.location.replace(entrance(url));
        blocked.value = tab === null;
        return undefined;
      } catch (problem) {
        tab?.close();
        throw problem;
      }
    },
    reopen(open = openTab) {
      const tab = open();
      tab?.location.replace(entrance(link()?.url ?? 'about:blank'));
      blocked.value = tab === null;
    },
  };
}

/**
 * In a frame, the tab is opened at the page itself first: there it is nobody's frame, so the browser lets it have the cookie
 * that ties the installation to it, and it can remember where it was started.
 * @param {string} url
 */
function entrance(url) {
  if (globalThis.parent === globalThis.window) return url;
  const page = new URL(globalThis.location.pathname, globalThis.location.origin);
  page.searchParams.set('begin', url);
  return page.href;
}

const ELSEWHERE = 'wecom-authorization.begun-in-a-frame';

/** Goes on to the install link that a frame of ours has opened this tab for; only to one of our own server. */
export function beginElsewhere(place = globalThis.location, store = passing) {
  const text = new URLSearchParams(place.search).get('begin');
  const link = text && URL.canParse(text) ? new URL(text) : null;
  if (link?.origin !== place.origin || !link.pathname.includes('/installation/start/')) return false;
  store.setItem(ELSEWHERE, 'yes');
  place.replace(link);
  return true;
}

/** Whether this tab was opened by a frame, which shows the result. */
export function wasBegunElsewhere(store = passing) {
  return store.getItem(ELSEWHERE) !== null;
}

function openTab() {
  const tab = globalThis.open('', '_blank');
  if (tab) tab.opener = null;
  return tab;
}
