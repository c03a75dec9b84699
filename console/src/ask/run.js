// Running a query: it is asked in the background, so that it can be cancelled, and its rows are
// fetched page by page.

import { get, path, post, remove } from '../api.js';

const PATIENCE = 500; // Milliseconds in which most queries have ended, and then one request is all.
const PAGE = 10_000;
export const MOST = 100_000; // Rows that a page of the console holds.

/** Runs a query; `onProgress` gets `{ id, status, rows }`. `signal` cancels it. */
export async function run(ask, { signal, onProgress }) {
  const first = await ask({
    async: true,
    async_options: { client_timeout_ms: PATIENCE, max_initial_results: PAGE },
  });
  const id = first.query_id;
  const cancel = () => remove(path`/queries/${id}`).catch(() => {});
  signal.addEventListener('abort', cancel);
  try {
    onProgress({ id, status: first.status, rows: 0 });
    if (signal.aborted) await cancel();
    if (first.status === 'COMPLETED') return await fetched(first, { id, signal, onProgress });
    const info = await ended(id, onProgress);
    if (info.status === 'CANCELLED') throw cancelled();
    if (info.status === 'ERROR') throw await failed(id, info);
    return await fetched(
      { stats: info.stats, pagination: { next_cursor: info.pagination?.start_cursor } },
      { id, signal, onProgress },
    );
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

export const isCancelled = (error) => error.type === 'QUERY_CANCELLED' || error.name === 'AbortError';

function cancelled() {
  return Object.assign(new Error('The query was cancelled.'), { name: 'AbortError' });
}

/** The pages of a query that failed answer its error, with its place. */
async function failed(id, info) {
  const error = await get(path`/queries/${id}/pages`).then(
    () => null,
    (error) => error,
  );
  return error ?? new Error(info.query_errors?.[0]?.message ?? 'The query failed.');
}

async function ended(id, onProgress) {
  for (let wait = 100; ; wait = Math.min(1000, wait * 1.5)) {
    const { data } = await get(path`/queries/${id}`);
    onProgress({ id, status: data.status, rows: 0 });
    if (['COMPLETED', 'ERROR', 'CANCELLED'].includes(data.status)) return data;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

async function fetched(first, { id, signal, onProgress }) {
  const rows = [...(first.results ?? [])];
  let total = first.results_total_doc_count ?? rows.length;
  let cursor = first.pagination?.next_cursor;
  while (cursor && rows.length < MOST) {
    if (signal.aborted) throw cancelled();
    const page = await get(
      `${path`/queries/${id}/pages`}?cursor=${encodeURIComponent(cursor)}&docs=${Math.min(PAGE, MOST - rows.length)}`,
    );
    for (const row of page.results) rows.push(row);
    total = page.results_total_doc_count;
    cursor = page.pagination?.next_cursor;
    onProgress({ id, status: 'COMPLETED', rows: rows.length });
  }
  return {
    id,
    rows,
    total,
    columns: columns(first.column_fields, rows),
    stats: first.stats,
    warnings: first.warnings ?? [],
  };
}

/** The columns of an answer, or the fields of its rows where it doesn't name them. */
export function columns(named, rows) {
  if (named?.length && named.every((it) => it.name !== '*')) return [...new Set(named.map((it) => it.name))];
  const found = new Set();
  for (const row of rows) for (const name of Object.keys(row ?? {})) found.add(name);
  return [...found];
}

export const sqlRequest = (sql, parameters) => (options) =>
  post('/queries', { sql: { query: sql, parameters }, ...options });
