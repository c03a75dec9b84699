// What is here, and how fast it grows.

import { useState } from 'preact/hooks';
import { post, path, remove } from '../api.js';
import { isWritten, refresh, useCatalog } from '../catalog.js';
import { DeleteButton, Field, FormDialog, Nothing, Problem, Status, WriteButton } from '../parts/basics.jsx';
import { Plot } from '../parts/plot.jsx';
import { href } from '../route.js';
import { bytes, count, counted } from '../values.js';
import { Connect } from './connect.jsx';
import { NewCollection } from './new_collection.jsx';

export function Home() {
  const { workspaces, collections: all, error, isKnown, rates, rateOf } = useCatalog();
  const collections = all.filter(isWritten);
  const [filter, setFilter] = useState('');
  const [dialog, setDialog] = useState(null);
  const shown = collections.filter((it) =>
    `${it.workspace}.${it.name}`.toLowerCase().includes(filter.toLowerCase()),
  );
  const documents = collections.reduce((sum, it) => sum + (it.stats?.doc_count ?? 0), 0);
  const size = collections.reduce((sum, it) => sum + (it.stats?.total_size ?? 0), 0);
  return (
    <>
      <h1>Home</h1>
      <Problem error={error} />
      <Connect />
      <section class="panel" aria-labelledby="rate">
        <div class="panel-head">
          <h2 id="rate">Documents a second</h2>
          <span class="quiet">the last ten minutes, all collections</span>
        </div>
        <Rates rates={rates} />
      </section>
      <section class="panel" aria-labelledby="collections">
        <div class="panel-head">
          <h2 id="collections">Collections</h2>
          <span class="quiet">
            {counted(collections.length, 'collection')} in {counted(workspaces.length, 'workspace')},{' '}
            {counted(documents, 'document')}, {bytes(size)}
          </span>
          <WriteButton class="small" onClick={() => setDialog('collection')}>
            New collection
          </WriteButton>
          <WriteButton class="small" onClick={() => setDialog('workspace')}>
            New workspace
          </WriteButton>
        </div>
        {collections.length > 10 && <Field label="Find" type="search" value={filter} onInput={setFilter} />}
        {isKnown && collections.length === 0 && (
          <Nothing>
            There is no collection yet. Create one, or run a materialization; it appears here at once.
          </Nothing>
        )}
        {shown.length > 0 && <Collections collections={shown} rateOf={rateOf} />}
        <EmptyWorkspaces workspaces={workspaces} collections={collections} />
      </section>
      {dialog === 'collection' && <NewCollection onClose={() => setDialog(null)} />}
      {dialog === 'workspace' && <NewWorkspace onClose={() => setDialog(null)} />}
    </>
  );
}

function Rates({ rates }) {
  const now = Date.now() / 1000;
  const latest = rates.values.at(-1) ?? 0;
  const range = () => [Date.now() / 1000 - 600, Date.now() / 1000];
  return (
    <>
      <p class="quiet">
        Now: <strong>{count(Math.round(latest))}</strong>
      </p>
      <Plot
        data={rates.times.length ? [rates.times, rates.values] : [[now], [0]]}
        x="Time"
        y="Documents a second"
        range={range}
        label="Documents a second, over the last ten minutes"
      />
    </>
  );
}

function Collections({ collections, rateOf }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="List of collections">
      <table>
        <thead>
          <tr>
            <th scope="col">Collection</th>
            <th scope="col">Status</th>
            <th scope="col" class="right">
              Documents
            </th>
            <th scope="col" class="right">
              a second
            </th>
            <th scope="col" class="right">
              Size
            </th>
            <th scope="col">Sources</th>
          </tr>
        </thead>
        <tbody>
          {collections.map((it) => {
            const name = `${it.workspace}.${it.name}`;
            const rate = Math.round(rateOf.get(name) ?? 0);
            return (
              <tr key={name}>
                <th scope="row">
                  <a href={href('c', it.workspace, it.name)}>
                    <span class="quiet">{it.workspace}.</span>
                    {it.name}
                  </a>
                </th>
                <td>
                  <Status status={it.status} />
                </td>
                <td class="right">{count(it.stats?.doc_count ?? 0)}</td>
                <td class="right">{rate === 0 ? '' : count(rate)}</td>
                <td class="right">{bytes(it.stats?.total_size ?? 0)}</td>
                <td>
                  <Sources sources={it.sources ?? []} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** The sources that read something by themselves, with how far they are. */
function Sources({ sources }) {
  return sources
    .filter((it) => !it.write_api)
    .map((it) => (
      <div key={it.id}>
        <Status status={it.status?.state} /> <Progress source={it} />
      </div>
    ));
}

export function Progress({ source }) {
  const { s3, status } = source;
  if (s3?.object_count_total) {
    return (
      <>
        <progress
          aria-label="Objects read"
          max={s3.object_count_total}
          value={s3.object_count_downloaded ?? 0}
        />{' '}
        {count(s3.object_count_downloaded ?? 0)} of {counted(s3.object_count_total, 'object')}
      </>
    );
  }
  return status?.total_processed_items ? counted(status.total_processed_items, 'item') : null;
}

function EmptyWorkspaces({ workspaces, collections }) {
  const used = new Set(collections.map((it) => it.workspace));
  const empty = workspaces.filter((it) => !used.has(it.name));
  if (!empty.length) return null;
  return (
    <ul class="plain-list">
      {empty.map((it) => (
        <li key={it.name}>
          <span>{it.name}: an empty workspace</span>
          {it.name !== 'commons' && (
            <DeleteButton
              what={`the workspace ${it.name}`}
              onDelete={() => remove(path`/ws/${it.name}`).then(refresh)}
            />
          )}
        </li>
      ))}
    </ul>
  );
}

function NewWorkspace({ onClose }) {
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const create = () => post('/ws', { name, description }).then(refresh);
  return (
    <FormDialog title="New workspace" action="Create" onSubmit={create} onClose={onClose}>
      <Field label="Name" value={name} onInput={setName} required />
      <Field label="Description" value={description} onInput={setDescription} />
    </FormDialog>
  );
}
