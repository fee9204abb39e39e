// What TypeScript sees of a component in a file of its own, where `vue-tsc` does not check it.
declare module '*.vue' {
  import type { Component } from 'vue';
  const component: Component;
  export default component;
}
