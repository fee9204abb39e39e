// Consent in React: copy this file. On a server, and until a yes is known, everything is no, so what is rendered there is what
// the browser renders first.
import { accepted, on, type Purpose } from 'consentry-banner';
import { useSyncExternalStore, type ReactNode } from 'react';

/** Whether data may be used for a purpose; renders again when that changes. */
export function useConsent(purpose: Purpose): boolean {
  return useSyncExternalStore(
    subscribe,
    () => accepted(purpose),
    () => false,
  );
}

interface Gate {
  purpose: Purpose;
  children: ReactNode;
  /** What is there instead, by default nothing. */
  fallback?: ReactNode;
}

/** Renders its children while their purpose is allowed. */
export const ConsentGate = ({ purpose, children, fallback = null }: Gate) => (useConsent(purpose) ? children : fallback);

function subscribe(changed: () => void) {
  const stops = [on('ready', changed), on('change', changed)];
  return () => stops.forEach((stop) => stop());
}
