// Patterns of addresses and names, in which `*` stands for anything.

/** What a pattern is as a regular expression. */
export const pattern = (text) => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*');
