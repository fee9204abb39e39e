// Lets TypeScript know `<consentry-settings>` in the JSX of React 19: `import type {} from "consentry-banner/react"`.
import type { DetailedHTMLProps, HTMLAttributes } from "react";

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "consentry-settings": DetailedHTMLProps<HTMLAttributes<HTMLElement>, HTMLElement>;
    }
  }
}
