// The ingest transformation of a collection: what it is, and what it makes of one document.

import { useState } from 'preact/hooks';
import { ApiError, get, parse, path, post, remove, request } from '../api.js';
import { Field, OperationButton, Problem } from '../parts/basics.jsx';
import { Tree } from '../parts/tree.jsx';
import { useSession } from '../session.js';

const NONE = 'SELECT * FROM _input';

export function Transformation({ collection }) {
  const { engine } = useSession();
  const [sql, setSql] = useState(collection.field_mapping_query?.sql ?? NONE);
  const [text, setText] = useState('{"_id": "1", "n": 1}');
  const [made, setMade] = useState({ document: null, error: null, said: null });
  const show = (asked) =>
    asked.then(
      (it) => setMade({ document: null, error: null, said: null, ...it }),
      (error) => setMade({ document: null, error, said: null }),
    );
  const save = () =>
    show(
      request('PUT', path`/ws/${collection.workspace}/collections/${collection.name}`, {
        field_mapping_query: { sql },
      }).then(() => ({ said: 'Saved. It is run on the documents that come from now on.' })),
    );
  return (
    <>
      {engine && (
        <p class="note" role="note">
          {engine}
        </p>
      )}
      <Field label="Transformation" type="area" value={sql} onInput={setSql} />
      <Field label="A document to try it on" type="area" value={text} onInput={setText} />
      <p class="actions">
        <OperationButton
          operation="createCollection"
          on={collection.workspace}
          onClick={() => show(tried(collection.workspace, sql, text))}
        >
          Try
        </OperationButton>
        <OperationButton operation="updateCollection" on={collection.workspace} onClick={save}>
          Save
        </OperationButton>
      </p>
      <p class="quiet">
        To try it, a collection is made beside this one, the document is written to it, and the collection is
        deleted.
      </p>
      <Problem error={made.error} />
      {made.said && (
        <p class="note" role="status">
          {made.said}
        </p>
      )}
      {made.document && <Tree value={made.document} isOpen />}
    </>
  );
}

/** What a transformation makes of a document, in a collection that is there for this alone. */
async function tried(workspace, sql, text) {
  const document = parse(text);
  if (document === null || typeof document !== 'object')
    throw new ApiError(0, { message: 'The document is no JSON object.' });
  const name = `console-try-${crypto.randomUUID()}`;
  const at = path`/ws/${workspace}/collections/${name}`;
  await post(path`/ws/${workspace}/collections`, { name, field_mapping_query: { sql } });
  try {
    await ready(at);
    const { data } = await post(`${at}/docs`, { data: [document] });
    if (data[0].error) throw new ApiError(0, data[0].error);
    const { data: stored } = await get(`${path`/local/ws/${workspace}/collections/${name}/docs`}?limit=1`);
    return stored.length ? { document: stored[0] } : { said: 'The transformation leaves this document out.' };
  } finally {
    await remove(at).catch(() => {});
  }
}

async function ready(at) {
  for (let turn = 0; turn < 300; turn++) {
    const { data } = await get(at);
    if (data.status === 'READY') return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new ApiError(0, { message: 'The collection for the trial did not become READY in half a minute.' });
}
