// Taking out of the browser what the first part of the widget keeps there (`www/loader/store.js`).

/** How to remove the value of a key. */
export const remover =
  ({ memory, start }) =>
  (name) => {
    delete memory[start + name];
    try {
      localStorage.removeItem(start + name);
    } catch {}
  };
