import { useEffect } from 'react';
import { ConsentGate, useConsent } from './consent';

export function App() {
  const personal = useConsent('personalization');
  return (
    <main>
      <h1>{personal ? 'Picked for you' : 'Our books'}</h1>
      <ConsentGate purpose="analytics" fallback={<p>Your visit is not counted.</p>}>
        <Counter />
      </ConsentGate>
      <button type="button" data-consentry-open="">
        Privacy settings
      </button>
    </main>
  );
}

/** Counts while it is on the page, and stops when it is taken away. */
function Counter() {
  useEffect(() => {
    document.documentElement.dataset.counting = '';
    return () => {
      delete document.documentElement.dataset.counting;
    };
  }, []);
  return <p>Your visit is counted.</p>;
}
