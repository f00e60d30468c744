// The install link: made, opened in a tab beside this one, kept for this tab's life so that a reload loses nothing.

const KEPT = 'wecom-authorization.install-link';
/** How long after WeCom's return we say "finishing" before we say that nothing has come of it. */
const FINISHING_MS = 60_000;

export function createInstallation({ api, store = globalThis.sessionStorage, now = () => Date.now() }) {
  let returnedAt = null;

  function link() {
    const kept = JSON.parse(store.getItem(KEPT) ?? 'null');
    return kept && Date.parse(kept.expires_at) > now() ? kept : null;
  }

  return {
    link,
    /** A link was made in this tab and has run out. */
    expired: () => store.getItem(KEPT) !== null && link() === null,
    /** WeCom has sent the browser back and the state does not show it yet. */
    isFinishing: () => returnedAt !== null && now() - returnedAt < FINISHING_MS,
    isAwaited() { return link() !== null || this.isFinishing(); },
    /** WeCom has sent the browser back, here or in the tab beside. */
    returned() {
      returnedAt = now();
      store.removeItem(KEPT);
    },
    giveUp() {
      returnedAt = null;
      store.removeItem(KEPT);
    },
    /** Ends the waiting once the state shows an installation that was not there when the link was made. */
    settle({ installation }) {
      if (installation.status !== 'installed') return;
      returnedAt = null;
      if (link()?.before !== JSON.stringify(installation)) store.removeItem(KEPT);
    },
    /**
     * Opens the tab in the click itself (later, browsers take it for a pop-up), asks for the link, and sends the tab
     * there. The tab starts as ours, so it keeps this session; it gets no handle on this page.
     */
    async begin({ installation }, open = openTab) {
      const tab = open();
      try {
        const { install_url: url, expires_at } = await api.startInstallation();
        store.setItem(KEPT, JSON.stringify({ url, expires_at, before: JSON.stringify(installation) }));
        tab?.location.replace(url);
        return { opened: tab !== null };
      } catch (problem) {
        tab?.close();
        throw problem;
      }
    },
    reopen(open = openTab) {
      const tab = open();
      tab?.location.replace(link().url);
      return { opened: tab !== null };
    },
  };
}

function openTab() {
  const tab = globalThis.open('', '_blank');
  if (tab) tab.opener = null;
  return tab;
}
