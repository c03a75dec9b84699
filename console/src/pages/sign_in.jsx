// Asking for the key, like any client is asked.

import { useState } from 'preact/hooks';
import { Field, Problem } from '../parts/basics.jsx';

export function SignIn({ error, onEnter }) {
  const [key, setKey] = useState('');
  const submit = (event) => {
    event.preventDefault();
    if (key.trim()) onEnter(key.trim());
  };
  return (
    <main class="sign-in">
      <h1>
        <img src="/console/icon.svg" alt="" width="32" height="32" /> Local Rockset
      </h1>
      <form onSubmit={submit}>
        <Field
          label="API key"
          type="password"
          value={key}
          onInput={setKey}
          required
          autofocus
          hint="The key of --api-key. A server that was started without one takes any, such as: any"
        />
        <Problem error={error} />
        <p class="actions">
          <button type="submit" class="primary">
            Open
          </button>
        </p>
      </form>
      <p class="quiet">The key is kept for this tab alone, and sent to {location.origin} alone.</p>
    </main>
  );
}
