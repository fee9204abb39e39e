// `<template data-purpose="…">`: markup that comes into the page, before its template, once all its purposes may be used. It stays
// when they may not any more: what ran can't be undone, but the next page won't have it.
//
// Its scripts come in as blocked tags (`www/loader/tags.js`), which run one after the other, in the order of the page.

/** How to bring in what may come in. */
export function templates({ accepted, ours }) {
  const used = new WeakSet();
  return () => {
    for (const template of document.querySelectorAll('template[data-purpose]')) {
      const { purpose, site } = template.dataset;
      if (used.has(template) || !ours(template) || !accepted(purpose)) continue;
      used.add(template);
      const content = document.importNode(template.content, true);
      for (const script of content.querySelectorAll('script:not([data-purpose])')) {
        if (script.type) script.dataset.type = script.type;
        if (site) script.dataset.site = site;
        script.dataset.purpose = purpose;
        script.type = 'text/plain';
      }
      template.before(content);
    }
  };
}
