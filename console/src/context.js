// What all views share.

import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

/** @import { Api } from './api.js' */
/** @import { AssistLinks } from './assist.js' */
/** @import { Bindings } from './bindings.js' */
/** @import { HeldCredentials } from './credentials.js' */
/** @import { Drafts } from './drafts.js' */
/** @import { Guide } from './guide.js' */
/** @import { InstallationFlow } from './installation.js' */
/** @import { Router } from './router.js' */
/** @import { Session } from './session.js' */
/** @import { Store } from './state.js' */

/**
 * @typedef {object} Shared
 * @property {Api} api
 * @property {Session} session
 * @property {Store} store
 * @property {Bindings} bindings
 * @property {InstallationFlow} installation
 * @property {Router} router
 * @property {Guide} guide
 * @property {Drafts} drafts
 * @property {HeldCredentials} credentials
 * @property {AssistLinks} assist
 * @property {(text: string) => void} announce tells a screen reader
 * @property {() => void} forget drops what was held for the authorization that has ended
 */

export const SharedContext = createContext(/** @type {Shared | null} */ (null));

export function useShared() {
  const shared = useContext(SharedContext);
  if (!shared) throw new Error('a view outside the page');
  return shared;
}
