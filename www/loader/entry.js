// The embedding script. Owns what must happen before WebAssembly is there: Consent Mode's default is denied. Then it starts the
// widget, which is Rust (www/src); if the browser refuses WebAssembly, nothing is shown and everything stays denied.
//
// The build (xtask) bundles it with the output of wasm-bindgen as `widget/`, the wasm as bytes, styles and texts as strings.
import { initSync, start } from 'widget/consentry_widget.js';
import wasm from 'widget/consentry_widget_bg.wasm';
import css from 'widget/widget.css';
import de from '../locales/de.txt';
import en from '../locales/en.txt';
import fr from '../locales/fr.txt';

const dataLayer = (window.dataLayer ||= []);
function gtag() {
  // Consent Mode takes no array: it wants the very object that `arguments` is.
  dataLayer.push(arguments);
}

// What `signals::ConsentMode::DENIED` says; a test of the widget holds the two together.
gtag('consent', 'default', {
  ad_storage: 'denied',
  ad_user_data: 'denied',
  ad_personalization: 'denied',
  analytics_storage: 'denied',
  functionality_storage: 'denied',
  personalization_storage: 'denied',
  security_storage: 'granted',
});

try {
  initSync({ module: wasm });
  // A constructed style sheet is allowed under every policy; <style> and style="…" are not.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  start(window, document.currentScript, '%CONSENTRY_VISITOR%', { de, en, fr }, gtag);
} catch (reason) {
  console.warn('Consentry could not start; nothing is allowed.', reason);
}
