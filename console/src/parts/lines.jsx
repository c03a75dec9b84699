// Rows as JSON: in many lines where they are few, and else each in one.

import { useMemo } from 'preact/hooks';
import { useWindow } from './window.js';

const HEIGHT = 20;
const FEW = 2000;

export function Lines({ rows }) {
  const lines = useMemo(
    () => (rows.length <= FEW ? JSON.stringify(rows, null, 2).split('\n') : null),
    [rows],
  );
  const { box, onScroll, first, end, above, below } = useWindow(lines ? lines.length : rows.length, HEIGHT);
  const shown = lines ? lines.slice(first, end) : rows.slice(first, end).map((row) => JSON.stringify(row));
  return (
    <div class="lines" ref={box} onScroll={onScroll} tabIndex={0} role="region" aria-label="Rows as JSON">
      <div style={{ height: `${above}px` }} />
      <pre>{shown.join('\n')}</pre>
      <div style={{ height: `${below}px` }} />
    </div>
  );
}
