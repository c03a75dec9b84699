// The documents of a collection, by their `_id` or by a condition.

import { useEffect, useState } from 'preact/hooks';
import { get, path, post } from '../api.js';
import { Field, Nothing, Problem } from '../parts/basics.jsx';
import { Tree } from '../parts/tree.jsx';
import { useSession } from '../session.js';
import { collectionName } from '../values.js';

const PAGE = 50;

export function Documents({ workspace, name }) {
  const { engine } = useSession();
  const [id, setId] = useState('');
  const [where, setWhere] = useState('');
  const [found, setFound] = useState({ documents: null, next: null, error: null });
  const show = (asked) =>
    asked.then(
      ({ documents, next }) => setFound({ documents, next, error: null }),
      (error) => setFound({ documents: null, next: null, error }),
    );
  const first = () => show(page(workspace, name, null));
  const more = () =>
    show(
      page(workspace, name, found.next).then((it) => ({
        ...it,
        documents: [...found.documents, ...it.documents],
      })),
    );
  useEffect(() => {
    first();
  }, [workspace, name]);
  const find = (event) => {
    event.preventDefault();
    if (where.trim()) show(byCondition(workspace, name, where));
    else if (id) show(byId(workspace, name, id));
    else first();
  };
  return (
    <>
      <form class="row" onSubmit={find}>
        <Field label="_id" type="search" value={id} onInput={setId} disabled={where.trim() !== ''} />
        <Field
          label="WHERE"
          type="search"
          value={where}
          onInput={setWhere}
          disabled={engine !== null}
          title={engine ?? undefined}
          placeholder="magnitude > 4"
        />
        <button type="submit">Find</button>
      </form>
      <Problem error={found.error} />
      {found.documents?.length === 0 && <Nothing>No documents.</Nothing>}
      <div class="documents">
        {found.documents?.map((it, i) => (
          <Tree key={it._id ?? i} value={it} />
        ))}
      </div>
      {found.next && (
        <p>
          <button type="button" onClick={more}>
            More
          </button>
        </p>
      )}
    </>
  );
}

async function page(workspace, name, after) {
  const from = after === null ? '' : `&after=${encodeURIComponent(after)}`;
  const { data, next } = await get(
    `${path`/local/ws/${workspace}/collections/${name}/docs`}?limit=${PAGE}${from}`,
  );
  return { documents: data, next };
}

async function byId(workspace, name, id) {
  return { documents: [await get(path`/local/ws/${workspace}/collections/${name}/docs/${id}`)], next: null };
}

async function byCondition(workspace, name, where) {
  // In lines of its own, so that a comment at its end hides nothing.
  const query = `SELECT * FROM ${collectionName(workspace, name)} WHERE\n${where}\nLIMIT ${PAGE}`;
  const { results } = await post('/queries', { sql: { query } });
  return { documents: results, next: null };
}
