// A value of JSON as a tree that folds.

import { useState } from 'preact/hooks';
import { kind } from '../values.js';

/** How many members are shown before the rest is asked for. */
const SHOWN = 100;

export function Tree({ value, name, isOpen = false }) {
  const entries = Array.isArray(value) ? value.map((it, i) => [i, it]) : Object.entries(value);
  const [opened, setOpened] = useState(isOpen);
  const [most, setMost] = useState(SHOWN);
  return (
    <details class="tree" open={isOpen} onToggle={(event) => setOpened(event.currentTarget.open)}>
      <summary>
        {name !== undefined && <Name name={name} />}
        <Outline value={value} entries={entries} />
      </summary>
      {opened && (
        <ul>
          {entries.slice(0, most).map(([name, value]) => (
            <li key={name}>
              <Member name={name} value={value} />
            </li>
          ))}
          {entries.length > most && (
            <li>
              <button type="button" class="small" onClick={() => setMost(most + 10 * SHOWN)}>
                {entries.length - most} more
              </button>
            </li>
          )}
        </ul>
      )}
    </details>
  );
}

function Member({ name, value }) {
  const isBranch = ['array', 'object'].includes(kind(value)) && Object.keys(value).length > 0;
  return isBranch ? (
    <Tree name={name} value={value} />
  ) : (
    <>
      <Name name={name} />
      <Leaf value={value} />
    </>
  );
}

const Name = ({ name }) => (
  <>
    <span class="name">{String(name)}</span>:{' '}
  </>
);
const Leaf = ({ value }) => <span class={`value ${kind(value)}`}>{JSON.stringify(value)}</span>;

/** The beginning of what is within, in one line. */
function Outline({ value, entries }) {
  const size = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  const inner = entries.slice(0, 8).map(([name, it]) => {
    const text = ['array', 'object'].includes(kind(it)) ? '…' : String(JSON.stringify(it)).slice(0, 60);
    return Array.isArray(value) ? text : `${name}: ${text}`;
  });
  return (
    <span class="outline">
      {size} {inner.join(', ')}
    </span>
  );
}
