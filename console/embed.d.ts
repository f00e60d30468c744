/** Types of `GET /embed.js`, a plain script that defines `WeComAuthorization`. docs/embedding.md tells how to use it. */

export type View =
  | 'install'
  | 'contacts'
  | 'external-contacts'
  | 'finish'
  | 'overview'
  | 'events'
  | 'audit'
  | 'settings';
export type Scope = 'contacts' | 'external_contacts';
export type Health = 'ok' | 'attention' | 'broken';

/** What happened, as the state of the authorization shows it. */
export type AuthorizationEvent =
  | { name: 'installed' }
  | { name: 'secret_accepted'; scope: Scope }
  | { name: 'callback_verified'; scope: Scope }
  | { name: 'completed' }
  | { name: 'health_changed'; from: Health; to: Health }
  | { name: 'disconnected' };

export interface Options {
  /** Address of the admin page, such as `https://wecom-authorization.example.com/`. */
  baseUrl: string;
  /**
   * Gives the bearer token of the signed-in admin; the API's authorizer must trust its issuer, and its tenant claim says whose
   * authorization is shown. `fresh`: the last one was refused, so a cached one is of no use.
   */
  getToken(request: { fresh: boolean }): string | Promise<string>;
  /** Language; without it the browser's. */
  locale?: 'zh-CN' | 'en';
  /** Values that are not of this form are ignored. */
  theme?: {
    /** `#rgb` or `#rrggbb`; darkened or lightened where text in it could not be read. */
    accent?: string;
    /** Of corners, 0 to 24 pixels. */
    radius?: number;
    colorScheme?: 'light' | 'dark';
  };
  /** What to show first; without it, where the admin has to go on. */
  view?: View;
  onEvent?(event: AuthorizationEvent): void;
}

export interface Mounted {
  /** Leads to another view. */
  show(view: View): void;
  /** Removes the frame. */
  unmount(): void;
}

declare global {
  const WeComAuthorization: {
    /** Puts the admin page into `element`, in a frame that grows with its content. */
    mount(element: HTMLElement, options: Options): Mounted;
  };
}
