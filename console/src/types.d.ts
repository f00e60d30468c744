// The contract's types by the names that the page uses. They are generated from openapi.yaml: `npm run types`.

import type { ReadonlySignal, Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { components, operations } from '../types/openapi.js';
import type { OidcConfig } from './oidc.js';
import type { LocalConfig } from './session.js';

type Schemas = components['schemas'];

export type State = Schemas['State'];
export type Binding = Schemas['Binding'];
export type BindingList = Schemas['BindingList'];
export type AddedBinding = Schemas['AddedBinding'];
export type Installation = Schemas['Installation'];
export type ScopeState = Schemas['ScopeState'];
export type SecretState = Schemas['SecretState'];
export type CallbackState = Schemas['CallbackState'];
export type Refusal = Schemas['Refusal'];
export type AssistLink = Schemas['AssistLinkState'];
export type AssistLinkMade = Schemas['AssistLink'];
export type Finding = Schemas['Finding'];
export type InstallStart = Schemas['InstallStart'];
export type SecretEntry = Schemas['SecretEntry'];
export type RegisteredScope = Schemas['RegisteredScope'];
export type Credentials = Schemas['Credentials'];
export type TestReport = Schemas['TestReport'];
export type Event = Schemas['Event'];
export type EventPage = Schemas['EventPage'];
export type PersonKind = Schemas['PersonKind'];
export type PersonRequest = Schemas['PersonRequest'];
export type PersonEventsRequest = Schemas['PersonEventsRequest'];
export type PersonEvent = Schemas['PersonEvent'];
export type PersonEventPage = Schemas['PersonEventPage'];
export type PersonDeletion = Schemas['PersonDeletion'];
export type AuditEntry = Schemas['AuditEntry'];
export type AuditPage = Schemas['AuditPage'];
export type ListedTenant = Schemas['ListedTenant'];
export type TenantPage = Schemas['TenantPage'];
export type Tenant = Schemas['Tenant'];
export type TenantSummary = Schemas['TenantSummary'];
export type Claim = Schemas['Claim'];
export type ClaimPage = Schemas['ClaimPage'];
export type Settings = Schemas['Settings'];
export type SettingsEntry = Schemas['SettingsEntry'];
export type DomainCheck = Schemas['DomainCheck'];
export type NextStep = State['next_step'];

/** A scope as routes spell it; the state's members spell it with an underscore. */
export type Scope = 'contacts' | 'external-contacts';
export type ScopeName = AssistLink['scope'];
export type Step = 'install' | 'contacts' | 'external-contacts' | 'finish';
export type Route = Step | 'overview' | 'events' | 'audit' | 'settings';
/** Which Secret the admin is asked for: 通讯录Secret, 客户Secret or that of a self-built app. */
export type SecretKind = 'contacts' | 'customer' | 'app';
export type StepState = 'todo' | 'doing' | 'partial' | 'attention' | 'error' | 'done';
export type Tone = 'ok' | 'info' | 'warn' | 'bad' | 'idle' | 'wait';

/** The words for a code. */
export interface Words {
  words: string;
  cause?: string;
  action?: string;
  place?: string;
}

/** One topic of 操作指引. */
export interface Topic {
  title: string;
  rules: string[];
  path: string[];
  /** The way in the newer layout of WeCom's menu, where it differs. */
  newPath: string[];
  link: string | null;
  steps: string[];
  /** `menu`: the drawing has the menu of WeCom's console, in both layouts. */
  diagram: { file: string; alt: string; menu: boolean; drawn: string };
  questions: { q: string; a: string }[];
}

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
export type Children = ComponentChildren;

export type { operations, ReadonlySignal, Signal };

declare global {
  /** What early.js has asked for, each null where nobody answered; null itself when the page's own script was faster. */
  var early:
    | { language: string; texts: Promise<Json | null>; config: Promise<LocalConfig | OidcConfig | null> }
    | null
    | undefined;
}
