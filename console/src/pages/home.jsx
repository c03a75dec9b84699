// What is here, and how fast it grows.

import { useState } from 'preact/hooks';
import { isWritten, useCatalog } from '../catalog.js';
import { Field, Nothing, OperationButton, Problem, Status } from '../parts/basics.jsx';
import { Plot } from '../parts/plot.jsx';
import { SourcesProgress } from '../parts/progress.jsx';
import { href } from '../route.js';
import { bytes, count, counted } from '../values.js';
import { Connect } from './connect.jsx';
import { NewCollection } from './new_collection.jsx';

export function Home() {
  const { workspaces, collections: all, error, isKnown, rates, rateOf } = useCatalog();
  const collections = all.filter(isWritten);
  const [filter, setFilter] = useState('');
  const [isCreating, setCreating] = useState(false);
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
            {counted(collections.length, 'collection')} in{' '}
            <a href="#/workspaces">{counted(workspaces.length, 'workspace')}</a>,{' '}
            {counted(documents, 'document')}, {bytes(size)}
          </span>
          <OperationButton operation="createCollection" class="small" onClick={() => setCreating(true)}>
            New collection
          </OperationButton>
        </div>
        {collections.length > 10 && <Field label="Find" type="search" value={filter} onInput={setFilter} />}
        {isKnown && collections.length === 0 && (
          <Nothing>
            There is no collection yet. Create one, or run a materialization; it appears here at once.
          </Nothing>
        )}
        {shown.length > 0 && <Collections collections={shown} rateOf={rateOf} />}
      </section>
      {isCreating && <NewCollection onClose={() => setCreating(false)} />}
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
                  <SourcesProgress sources={it.sources ?? []} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
