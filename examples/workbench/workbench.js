// A platform's own page, as small as it can be: it signs its people in, and shows the authorization in its own navigation.
// What a platform copies from here is `showAuthorization`.

const SECTIONS = ['home', 'orders', 'wecom'];
const { base_url: baseUrl } = await (await fetch('settings.json')).json();
const byId = (id) => document.getElementById(id);
let mounted = null;

await new Promise((resolve, reject) => {
  const script = document.createElement('script');
  script.src = new URL('embed.js', baseUrl).href;
  script.onload = resolve;
  script.onerror = reject;
  document.head.append(script);
});

function showAuthorization() {
  mounted = globalThis.WeComAuthorization.mount(byId('authorization'), {
    baseUrl,
    // The platform's server knows who is signed in, and gives the token that the API's authorizer trusts.
    async getToken() {
      const answer = await fetch('token', { method: 'POST' });
      if (!answer.ok) throw new Error(`no token: ${answer.status}`);
      return (await answer.json()).token;
    },
    locale: new URLSearchParams(location.search).get('locale') ?? 'zh-CN',
    theme: { accent: '#6b3fd4', radius: 4, colorScheme: 'light' },
    view: new URLSearchParams(location.search).get('view') ?? undefined,
    onEvent(event) {
      const line = document.createElement('li');
      line.textContent = JSON.stringify(event);
      byId('log').append(line);
    },
  });
}

async function show() {
  const { signed_in: isSignedIn } = await (await fetch('session')).json();
  const wanted = location.hash.replace('#/', '') || 'home';
  byId('sign-in').hidden = isSignedIn;
  byId('sign-out').hidden = !isSignedIn;
  for (const name of SECTIONS) byId(name).hidden = !isSignedIn || name !== wanted;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === `#/${wanted}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  if (isSignedIn && wanted === 'wecom' && !mounted) showAuthorization();
  if (!isSignedIn || wanted !== 'wecom') {
    mounted?.unmount();
    mounted = null;
  }
}

byId('sign-in').addEventListener('submit', async (event) => {
  event.preventDefault();
  await fetch('session', { method: 'POST', body: new URLSearchParams({ tenant: event.submitter.value }) });
  await show();
});
byId('sign-out').addEventListener('click', async () => {
  await fetch('session', { method: 'DELETE' });
  await show();
});
addEventListener('hashchange', show);
await show();
