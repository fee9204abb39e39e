// What a TypeScript caller writes, held against the package's types: this file must compile under `--strict`, and every line
// below a `@ts-expect-error` must not.
import {
  accepted,
  consentry,
  load,
  on,
  type Consent,
  type Consentry,
  type ConsentryConfig,
  type Purpose,
  type Unsubscribe,
} from "consentry-banner";

const config: ConsentryConfig = {
  purposes: {
    analytics: {
      basis: "legitimate_interest",
      title: { en: "Statistics", de: "Statistik" },
      text: "We count visits.",
      cookies: ["_ga*", { name: "_gid", domain: "example.com", path: "/" }],
      storage: ["ga:*"],
      block: ["https://www.google-analytics.com/"],
      reload: true,
    },
    fraud_checks: { basis: "contract" },
  },
  texts: { en: { title: "Hello" }, "pt-BR": { accept: "Sim" } },
  privacy_policy: "https://example.com/privacy",
  consent_mode_defaults: [{ region: ["US-CA"], ad_storage: "denied", wait_for_update: 500 }],
};
const loaded: Consentry = await load({
  src: "/banner.js",
  site: "shop",
  api: "https://consent.example.com",
  purposes: ["analytics", "fraud_checks:contract"],
  noticeVersion: 2,
  lang: "de",
  regime: "gdpr",
  position: "bottom-left",
  theme: "dark",
  cookieDomain: "example.com",
  integrity: "sha384-…",
  nonce: "…",
  config,
});
await load({ src: "/banner.js", purposes: "analytics inference" });

const yes: boolean = accepted("analytics") && accepted("fraud_checks");
const stop: Unsubscribe = on("change", (consent: Consent) => consent.analytics && consent["fraud_checks"]);
on("ready", ({ model_training }) => model_training);
stop();

const widget = await consentry();
widget.show();
widget.on("first", (consent) => Object.entries(consent));
widget.push(({ site }) => site);
const secret: string | undefined = widget.proof().secret;
await widget.link("eyJ…");
const other: Consentry | undefined = loaded.sites["other"];

(window.Consentry ||= []).push((consentry) => consentry.show());
window.Consentry.show?.();
const known: boolean | undefined = globalThis.Consentry?.accepted?.("analytics");

document.addEventListener("consentry:change", ({ detail }) => detail.analytics);
document.addEventListener("consentry:recorded", ({ detail }) => detail.records.map(({ leaf_hash }) => leaf_hash));
document.addEventListener("consentry:refused", ({ detail }) => detail?.code);
document.querySelector("consentry-settings")?.focus();
const declared: Purpose = "fraud_checks";

// @ts-expect-error A tag has an address.
await load({ site: "shop" });
// @ts-expect-error There is no such place.
await load({ src: "/banner.js", position: "left" });
// @ts-expect-error A misspelt option.
await load({ src: "/banner.js", notice_version: 2 });
// @ts-expect-error There is no such regime.
await load({ src: "/banner.js", regime: "ccpa" });
// @ts-expect-error There is no such legal basis.
const basis: ConsentryConfig = { purposes: { analytics: { basis: "yes" } } };
// @ts-expect-error There is no such text.
const text: ConsentryConfig = { texts: { en: { headline: "Hello" } } };
// @ts-expect-error A switch is granted or denied.
const mode: ConsentryConfig = { consent_mode_defaults: [{ region: ["DE"], ad_storage: "no" }] };
// @ts-expect-error There is no such event.
on("decided", () => {});
// @ts-expect-error What is accepted is a boolean.
on("change", (consent: Record<string, string>) => consent);
// @ts-expect-error Before the widget runs there is nothing to show.
window.Consentry.show();
// @ts-expect-error What holds is told, not set.
on("change", (consent) => (consent.analytics = true));
// @ts-expect-error The queue takes callbacks.
(window.Consentry ||= []).push("analytics");
