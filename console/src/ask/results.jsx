// The rows of a query: as a table, as JSON, as a plot, and as files.

import { useState } from 'preact/hooks';
import { Nothing, Tabs } from '../parts/basics.jsx';
import { Grid } from '../parts/grid.jsx';
import { Lines } from '../parts/lines.jsx';
import { counted, csv, download } from '../values.js';
import { MOST } from './run.js';
import { TwoColumns } from './two_columns.jsx';

export function Results({ answer }) {
  const { columns, rows, total, stats, warnings } = answer;
  const [shown, setShown] = useState('table');
  const name = `rows-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}`;
  return (
    <section aria-label="Result">
      <div class="result-head">
        <p role="status">
          {counted(total, 'row')}
          {stats?.elapsed_time_ms !== undefined && ` in ${(stats.elapsed_time_ms / 1000).toFixed(3)} s`}
          {total > rows.length && `, of which the first ${MOST.toLocaleString('en')} are here`}
        </p>
        <button
          type="button"
          class="small"
          disabled={!rows.length}
          onClick={() => download(`${name}.csv`, 'text/csv', csv(columns, rows))}
        >
          Download CSV
        </button>
        <button
          type="button"
          class="small"
          disabled={!rows.length}
          onClick={() => download(`${name}.json`, 'application/json', JSON.stringify(rows))}
        >
          Download JSON
        </button>
      </div>
      {warnings.map((it) => (
        <p class="note" key={it}>
          {it}
        </p>
      ))}
      {rows.length === 0 ? (
        <Nothing>No rows.</Nothing>
      ) : (
        <Tabs
          label="Result as"
          tabs={[
            ['table', 'Table'],
            ['json', 'JSON'],
            ['plot', 'Plot'],
          ]}
          chosen={shown}
          onChoose={setShown}
        >
          {shown === 'table' && <Grid columns={columns} rows={rows} label="Rows" />}
          {shown === 'json' && <Lines rows={rows} />}
          {shown === 'plot' && <TwoColumns columns={columns} rows={rows} />}
        </Tabs>
      )}
    </section>
  );
}
