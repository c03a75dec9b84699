// The sources of a collection, and the records of theirs that could not become documents.

import { useEffect, useState } from 'preact/hooks';
import { path, post, remove } from '../api.js';
import { DeleteButton, Nothing, OperationButton, Problem, Status } from '../parts/basics.jsx';
import { Progress } from '../parts/progress.jsx';
import { Tree } from '../parts/tree.jsx';
import { useSession } from '../session.js';
import { collectionName, counted } from '../values.js';

export function Sources({ collection }) {
  const { workspace, name, sources = [] } = collection;
  const [error, setError] = useState(null);
  const at = (id) => path`/ws/${workspace}/collections/${name}/sources/${id}`;
  const change = (asked) => asked.then(() => setError(null), setError);
  return (
    <>
      <Problem error={error} />
      {sources.length === 0 && <Nothing>Nothing has been written yet, and there is no source.</Nothing>}
      {sources.map((it) => (
        <section class="panel" key={it.id} aria-label={`Source ${kindOf(it)}`}>
          <div class="panel-head">
            <h2>{kindOf(it)}</h2>
            {it.integration_name && <span>through {it.integration_name}</span>}
            <Status status={it.status?.state} />
            <Progress source={it} />
            {!it.write_api &&
              (it.suspended_at ? (
                <OperationButton
                  operation="resumeSource"
                  on={workspace}
                  class="small"
                  onClick={() => change(post(`${at(it.id)}/resume`, {}))}
                >
                  Resume
                </OperationButton>
              ) : (
                <OperationButton
                  operation="suspendSource"
                  on={workspace}
                  class="small"
                  onClick={() => change(post(`${at(it.id)}/suspend`, {}))}
                >
                  Suspend
                </OperationButton>
              ))}
            {!it.write_api && (
              <DeleteButton
                operation="deleteSource"
                on={workspace}
                what="this source"
                onDelete={() => remove(at(it.id))}
              />
            )}
          </div>
          {it.status?.message && <p class="problem">{it.status.message}</p>}
          <Tree value={it} />
        </section>
      ))}
      <Bad workspace={workspace} name={name} />
    </>
  );
}

const KINDS = [
  'write_api',
  's3',
  'kafka',
  'file_upload',
  'gcs',
  'azure_blob_storage',
  'dynamodb',
  'kinesis',
  'mongodb',
  'snowflake',
  'azure_event_hubs',
  'azure_service_bus',
  'snapshot',
  'system',
];
const kindOf = (source) => KINDS.find((it) => source[it])?.replaceAll('_', ' ') ?? 'source';

function Bad({ workspace, name }) {
  const { engine } = useSession();
  const [found, setFound] = useState({ rows: null, error: null });
  useEffect(() => {
    if (engine) return;
    const query = `SELECT _id, _meta FROM ${collectionName(workspace, name)} WHERE _meta.bad IS NOT NULL LIMIT 100`;
    post('/queries', { sql: { query } }).then(
      ({ results }) => setFound({ rows: results, error: null }),
      (error) => setFound({ rows: null, error }),
    );
  }, [workspace, name]);
  return (
    <section aria-labelledby="bad">
      <h2 id="bad">Bad records</h2>
      {engine && (
        <p class="note" role="note">
          {engine}
        </p>
      )}
      <Problem error={found.error} />
      {found.rows?.length === 0 && <Nothing>Every record became a document.</Nothing>}
      {found.rows?.length > 0 && (
        <>
          <p>
            {found.rows.length === 100 ? 'The first 100' : counted(found.rows.length, 'record')}, each with
            its reason:
          </p>
          <ul class="bad-records">
            {found.rows.map((it) => (
              <li key={it._id}>
                <strong>{reason(it._meta?.bad)}</strong> <span class="quiet">{origin(it._meta)}</span>
                <Tree value={it} />
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

const reason = (bad) =>
  typeof bad === 'string' ? bad : (bad?.reason ?? bad?.message ?? JSON.stringify(bad));

/** Where a record came from: its object, and its number in there. */
const origin = ({ bad: _, ...where } = {}) =>
  Object.values(where)
    .map((it) =>
      [it.path ?? it.file_name ?? '', it.offset === undefined ? '' : `record ${it.offset}`].join(' '),
    )
    .join(', ');
