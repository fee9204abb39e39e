/** The purposes that every site can offer; the first four are asked about unless the site says otherwise. */
export type BuiltInPurpose = "model_training" | "inference" | "analytics" | "personalization" | "sale_or_sharing";

/** A built-in purpose, or one that the site declares: a lower-case letter, then up to 63 of `a`–`z`, `0`–`9` and `_`. */
export type Purpose = BuiltInPurpose | (string & {});

/** GDPR Art. 6(1) a, f and b. `legitimate_interest` is shown as an objection, `contract` as information. */
export type LegalBasis = "consent" | "legitimate_interest" | "contract";

/** Which rules hold for the visitor. `default` is the strict one, for wherever you do not know. */
export type Regime = "gdpr" | "uk" | "ch" | "us_ca" | "us_opt_out" | "br" | "ca_qc" | "ca" | "default";

/** Of each purpose that the site asks about whether data may be used. */
export type Consent = Readonly<Record<Purpose, boolean>>;

/** What `on` calls back with. */
export interface ConsentryEvents {
  /** What holds is known; at once if it already is. */
  ready: Consent;
  /** The first decision of this browser. */
  first: Consent;
  /** Every change, here, in another tab or on the person's own page. */
  change: Consent;
}

/** Stops a callback. */
export type Unsubscribe = () => void;

/** The running widget of one site: `window.Consentry`. */
export interface Consentry {
  /** The site's id. */
  readonly site: string;
  /** Every widget on the page by its site's id; `window.Consentry` is the one that came first. */
  readonly sites: Readonly<Record<string, Consentry>>;
  /** Opens the preferences. */
  show(): void;
  /** Whether data may be used for a purpose. What is not known is no. */
  accepted(purpose: Purpose): boolean;
  on<Name extends keyof ConsentryEvents>(event: Name, callback: (consent: ConsentryEvents[Name]) => void): Unsubscribe;
  /** Calls back at once, as the queue does later: the same line works before and after the widget is there. */
  push(callback: (consentry: Consentry) => void): void;
  /** What the person needs to read their own record; without a secret before the first decision. */
  proof(): Proof;
  /** Says that this visitor is the person for whom the site's backend signed a token (JWT). */
  link(token: string): Promise<unknown>;
}

/** How a visitor reads their own record at the API. */
export interface Proof {
  api: string;
  site: string;
  secret?: string;
}

/** What `window.Consentry` is before the widget runs: a list of callbacks. */
export interface ConsentryQueue extends Array<(consentry: Consentry) => void> {
  site?: undefined;
  sites?: undefined;
  show?: undefined;
  accepted?: undefined;
  on?: undefined;
  proof?: undefined;
  link?: undefined;
}

/** A text in one language for all, or by language tag. */
export type Words = string | Readonly<Record<string, string>>;

/** A cookie that goes when its purpose is withdrawn: its name, `*` standing for any characters, or its name and place. */
export type CookiePattern = string | { name: string; domain?: string; path?: string };

/** One purpose as the site asks about it. */
export interface PurposeConfig {
  /** Without it: `consent`. */
  basis?: LegalBasis;
  title?: Words;
  text?: Words;
  /** Removed when the purpose is withdrawn. */
  cookies?: readonly CookiePattern[];
  /** Keys of `localStorage` and `sessionStorage`, `*` standing for any characters; removed when the purpose is withdrawn. */
  storage?: readonly string[];
  /** Addresses, by how they begin, that scripts which other scripts add may not load from before a yes. */
  block?: readonly string[];
  /** Whether the page is loaded again when the purpose is withdrawn, for tags that can't be stopped. */
  reload?: boolean;
}

/** The texts that a site can put in the place of the widget's own. */
export type TextName =
  | "title"
  | "text"
  | "accept"
  | "reject"
  | "choose"
  | "preferences"
  | "preferences_text"
  | "save"
  | "close"
  | "reopen"
  | "basis_consent"
  | "basis_legitimate_interest"
  | "basis_contract"
  | "model_training"
  | "model_training_text"
  | "inference"
  | "inference_text"
  | "analytics"
  | "analytics_text"
  | "personalization"
  | "personalization_text"
  | "sale_or_sharing"
  | "sale_or_sharing_text"
  | "gpc_honoured"
  | "do_not_sell"
  | "opted_out"
  | "placeholder"
  | "placeholder_load"
  | "placeholder_always"
  | "object"
  | "always_on"
  | "saved"
  | "legal_notice"
  | "opt_out_title"
  | "opt_out_text"
  | "your_data";

/** A switch of Google Consent Mode. */
export type ConsentModeSwitch = "granted" | "denied";

/** What Google Consent Mode assumes in some places before anybody decided. */
export interface ConsentModeDefault {
  /** ISO 3166-2, such as `US-CA` or `DE`. */
  region: readonly string[];
  ad_storage?: ConsentModeSwitch;
  ad_user_data?: ConsentModeSwitch;
  ad_personalization?: ConsentModeSwitch;
  analytics_storage?: ConsentModeSwitch;
  functionality_storage?: ConsentModeSwitch;
  personalization_storage?: ConsentModeSwitch;
  security_storage?: ConsentModeSwitch;
  wait_for_update?: number;
}

/** What the attributes of the embed can't say: the JSON of `<script type="application/json" id="consentry-config">`. */
export interface ConsentryConfig {
  /** The purposes to ask about, in this order. */
  purposes?: Readonly<Partial<Record<Purpose, PurposeConfig>>>;
  /** The site's own texts by language tag. */
  texts?: Readonly<Record<string, Readonly<Partial<Record<TextName, string>>>>>;
  /** The address of the privacy policy. */
  privacy_policy?: string;
  /** The person's own page, to which the preferences link: by default that of the API; its address, or `false` for no link. */
  privacy_page?: string | false;
  consent_mode_defaults?: readonly ConsentModeDefault[];
}

/** The embed: where its script is, its data attributes, its settings. */
export interface LoadOptions {
  /** Where the script is: the Worker's `banner.js`, or one of this package's `dist` on your own host. */
  src: string;
  /** The site's id at the Worker. Without it: `default`. */
  site?: string;
  /** The address of the API. Without it: where the script comes from. */
  api?: string;
  /** The purposes to ask about, each as `name` or `name:basis`. `config.purposes` goes before. */
  purposes?: string | readonly Purpose[];
  /** A whole number; raise it when the notice changes, and everybody is asked again. */
  noticeVersion?: number;
  /** Without it: the `lang` of the page, then the language of the browser. */
  lang?: string;
  /** For hosts without the Worker, which knows it by itself. */
  regime?: Regime;
  position?: "bottom" | "top" | "center" | "bottom-left" | "bottom-right";
  theme?: "auto" | "light" | "dark";
  /** Keeps the choice for all subdomains of it. */
  cookieDomain?: string;
  config?: ConsentryConfig;
  /** The script's hash, from `dist/integrity.json`. */
  integrity?: string;
  /** The nonce of the page's Content-Security-Policy. */
  nonce?: string;
}

/**
 * Adds the widget's tag, once for each site, and resolves when it runs. If the page has it already, that one is taken. Rejects
 * if the script can't be loaded; the next call tries again. On a server it never resolves.
 *
 * It comes later than a tag in `<head>` would, so use it where nothing that needs consent runs by itself.
 */
export function load(options: LoadOptions): Promise<Consentry>;

/** Resolves with the widget that the page embeds, when it runs. On a server it never resolves. */
export function consentry(): Promise<Consentry>;

/** Whether data may be used for a purpose. False on a server, and until that is known. */
export function accepted(purpose: Purpose): boolean;

/** Calls back on an event, also if the widget comes later. Does nothing on a server. */
export function on<Name extends keyof ConsentryEvents>(
  event: Name,
  callback: (consent: ConsentryEvents[Name]) => void,
): Unsubscribe;

/** The detail of `consentry:recorded`: what the API recorded. */
export interface Recorded {
  /** `anonymous:…` for a visitor. */
  user_id: string;
  records: {
    purpose: Purpose;
    status: "granted" | "revoked" | "pending";
    id: string;
    /** When the server recorded it (RFC 3339). */
    timestamp: string;
    log_index: number;
    leaf_hash: string;
  }[];
}

/** The detail of `consentry:refused`: the API's problem document (RFC 9457), if it sent one. */
export interface Refused {
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
}

declare global {
  var Consentry: Consentry | ConsentryQueue | undefined;

  interface DocumentEventMap {
    "consentry:ready": CustomEvent<Consent>;
    "consentry:first": CustomEvent<Consent>;
    "consentry:change": CustomEvent<Consent>;
    "consentry:recorded": CustomEvent<Recorded>;
    "consentry:refused": CustomEvent<Refused | undefined>;
  }

  interface HTMLElementTagNameMap {
    /** The preferences in a place of the page. */
    "consentry-settings": HTMLElement;
  }
}
