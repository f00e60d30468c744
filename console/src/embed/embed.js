// What a platform puts into its own page, as a plain script: `WeComAuthorization.mount(element, options)`. docs/embedding.md
// tells how, embed.d.ts has the types.

(() => {
  const CHANNEL = 'wecom-authorization';
  const VIEWS = ['install', 'contacts', 'external-contacts', 'finish', 'overview', 'events', 'audit', 'settings'];

  /**
   * @param {HTMLElement} element
   * @param {import('../../embed.d.ts').Options} options
   * @returns {import('../../embed.d.ts').Mounted}
   */
  function mount(element, { baseUrl, getToken, locale, theme = {}, view, onEvent }) {
    const page = new URL(baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`, document.baseURI);
    page.searchParams.set('embed', location.origin);
    if (view && VIEWS.includes(view)) page.hash = `#/${view}`;
    const frame = document.createElement('iframe');
    frame.src = page.href;
    frame.title = locale === 'en' ? 'WeCom authorization' : '企业微信授权';
    frame.allow = 'clipboard-write';
    frame.style.cssText = 'display:block;width:100%;min-height:24rem;border:0';
    if (theme.colorScheme === 'light' || theme.colorScheme === 'dark') frame.style.colorScheme = theme.colorScheme;

    /** @param {object} message */
    const tell = (message) => frame.contentWindow?.postMessage({ channel: CHANNEL, ...message }, page.origin);

    /** @param {number} number @param {boolean} fresh */
    async function answer(number, fresh) {
      let token = null;
      try {
        token = await getToken({ fresh });
      } catch (error) {
        console.error('WeComAuthorization: getToken failed', error);
      }
      tell({ type: 'token', number, token });
    }

    /** @param {MessageEvent} message */
    function receive({ data, origin, source }) {
      if (source !== frame.contentWindow || origin !== page.origin || data?.channel !== CHANNEL) return;
      if (data.type === 'ready') tell({ type: 'settings', locale, theme });
      if (data.type === 'token') void answer(data.number, data.fresh === true);
      if (data.type === 'height' && Number.isFinite(data.height)) frame.style.height = `${data.height}px`;
      if (data.type === 'event') onEvent?.(data.event);
    }

    addEventListener('message', receive);
    element.replaceChildren(frame);
    return {
      show(wanted) {
        tell({ type: 'view', view: wanted });
      },
      unmount() {
        removeEventListener('message', receive);
        frame.remove();
      },
    };
  }

  Object.assign(globalThis, { WeComAuthorization: Object.freeze({ mount }) });
})();
