// The texts of one language. The build and the Worker put those of another here: the first line is its tag, the others are in the
// order of `www/locales/en.txt`.

export const [language, ...lines] = '%CONSENTRY_TEXTS%'.split('\n');
