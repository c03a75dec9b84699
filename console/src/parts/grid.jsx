// A table of any number of rows, of which those in sight are made.

import { useMemo, useState } from 'preact/hooks';
import { inLine, kind, plain } from '../values.js';
import { useWindow } from './window.js';
import { Dialog } from './basics.jsx';
import { Tree } from './tree.jsx';

const HEIGHT = 28;
const LOOKED_AT = 200; // Rows that the widths of columns go by.

export function Grid({ columns, rows, label }) {
  const { box, onScroll, first, end, above, below } = useWindow(rows.length, HEIGHT);
  const widths = useMemo(() => columns.map((name) => width(name, rows)), [columns, rows]);
  const [shown, setShown] = useState(null);
  const total = widths.reduce((sum, it) => sum + it, 64);
  return (
    <div class="grid" ref={box} onScroll={onScroll} tabIndex={0} role="region" aria-label={label}>
      <table aria-rowcount={rows.length + 1} style={{ width: `${total}px` }}>
        <colgroup>
          <col style={{ width: '64px' }} />
          {widths.map((it, i) => (
            <col key={i} style={{ width: `${it}px` }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">
              <span class="hidden">Row</span>
            </th>
            {columns.map((name) => (
              <th scope="col" key={name} title={name}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {above > 0 && <tr aria-hidden="true" style={{ height: `${above}px` }} />}
          {rows.slice(first, end).map((row, i) => (
            <tr key={first + i} aria-rowindex={first + i + 2}>
              <th scope="row">
                <button
                  type="button"
                  class="plain"
                  aria-label={`Show row ${first + i + 1}`}
                  onClick={() => setShown(first + i)}
                >
                  {first + i + 1}
                </button>
              </th>
              {columns.map((name) => (
                <Cell key={name} value={row[name]} />
              ))}
            </tr>
          ))}
          {below > 0 && <tr aria-hidden="true" style={{ height: `${below}px` }} />}
        </tbody>
      </table>
      {shown !== null && rows[shown] && (
        <Dialog title={`Row ${shown + 1}`} onClose={() => setShown(null)}>
          <Tree value={rows[shown]} isOpen />
          <p class="actions">
            <button type="button" onClick={() => setShown(null)}>
              Close
            </button>
          </p>
        </Dialog>
      )}
    </div>
  );
}

function Cell({ value }) {
  const shown = plain(value);
  const text = inLine(shown);
  return (
    <td class={kind(shown)} title={text.length > 24 ? text.slice(0, 500) : undefined}>
      {text.slice(0, 500)}
    </td>
  );
}

function width(name, rows) {
  const step = Math.max(1, Math.floor(rows.length / LOOKED_AT));
  let longest = name.length + 1;
  for (let i = 0; i < rows.length; i += step)
    longest = Math.max(longest, inLine(plain(rows[i][name])).length);
  return Math.min(420, Math.max(64, longest * 7.6 + 22));
}
