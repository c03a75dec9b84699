// Queries that run, and those that have ended.

import { useState } from 'preact/hooks';
import { get, path, remove } from '../api.js';
import { usePolled } from '../catalog.js';
import { Nothing, OperationButton, Problem, Status } from '../parts/basics.jsx';
import { count } from '../values.js';

export function Queries() {
  const active = usePolled(() => get('/queries'), 1000, []);
  const recent = usePolled(ofInstances, 3000, []);
  const [error, setError] = useState(null);
  const cancel = (id) =>
    remove(path`/queries/${id}`)
      .then(() => setError(null), setError)
      .then(active.reload);
  const ended = (recent.data ?? []).filter((it) => ['COMPLETED', 'ERROR', 'CANCELLED'].includes(it.status));
  return (
    <>
      <h1>Queries</h1>
      <Problem error={active.error ?? error} />
      <h2>Running and waiting</h2>
      {active.data?.data.length === 0 && <Nothing>None.</Nothing>}
      {active.data?.data.length > 0 && (
        <List label="Running and waiting" queries={active.data.data} cancel={cancel} />
      )}
      {ended.length > 0 && (
        <>
          <h2>Ended</h2>
          <List label="Ended" queries={ended} />
        </>
      )}
    </>
  );
}

/** The latest queries of all virtual instances, newest first. */
async function ofInstances() {
  const { data: instances } = await get('/virtualinstances');
  const asked = instances.map((it) =>
    get(path`/virtualinstances/${it.id}/queries`).catch((error) => {
      // An instance that was deleted meanwhile, or that the key may not query, has none to show.
      if ([403, 404].includes(error.status)) return { data: [] };
      throw error;
    }),
  );
  const all = (await Promise.all(asked)).flatMap((it) => it.data);
  return all.sort((a, b) => (b.submitted_at ?? '').localeCompare(a.submitted_at ?? ''));
}

function List({ label, queries, cancel }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            <th scope="col">Query</th>
            <th scope="col">Status</th>
            <th scope="col" class="right">
              Seconds
            </th>
            <th scope="col" class="right">
              Rows
            </th>
            <th scope="col">Asked at</th>
            {cancel && (
              <th scope="col">
                <span class="hidden">Cancel</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {queries.map((it) => (
            <tr key={it.query_id}>
              <th scope="row">
                <a href={`#/ask?sql=${encodeURIComponent(it.sql ?? '')}`}>
                  <code>{(it.sql ?? it.query_id).slice(0, 300)}</code>
                </a>
                {it.query_errors?.map((error, i) => (
                  <div class="error-text" key={i}>
                    {error.message}
                  </div>
                ))}
              </th>
              <td>
                <Status status={it.status} />
              </td>
              <td class="right">{((it.stats?.elapsed_time_ms ?? 0) / 1000).toFixed(3)}</td>
              <td class="right">{count(it.stats?.result_set_document_count)}</td>
              <td class="nowrap">{it.submitted_at}</td>
              {cancel && (
                <td>
                  <OperationButton operation="cancelQuery" class="small" onClick={() => cancel(it.query_id)}>
                    Cancel
                  </OperationButton>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
