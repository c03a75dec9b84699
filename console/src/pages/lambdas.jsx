// Query lambdas: all of them, and one with its versions, its tags and a form to run it.

import { useState } from 'preact/hooks';
import { get, path, post, remove } from '../api.js';
import { usePolled } from '../catalog.js';
import { DeleteButton, Field, FormDialog, Nothing, OperationButton, Problem } from '../parts/basics.jsx';
import { Parameters, given } from '../ask/parameters.jsx';
import { parameters } from '../ask/dialect.js';
import { Results } from '../ask/results.jsx';
import { href } from '../route.js';
import { QueryProblem, useRun } from './ask.jsx';

export function Lambdas() {
  const { data, error } = usePolled(() => get('/lambdas'), 3000, []);
  const lambdas = data?.data ?? [];
  return (
    <>
      <h1>Query lambdas</h1>
      <p class="quiet">
        Queries that are stored, with versions and tags. Save one on the page <a href="#/ask">Ask</a>.
      </p>
      <Problem error={error} />
      {data && lambdas.length === 0 && <Nothing>None.</Nothing>}
      {lambdas.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Query lambdas">
          <table>
            <thead>
              <tr>
                <th scope="col">Query lambda</th>
                <th scope="col">Description</th>
                <th scope="col" class="right">
                  Versions
                </th>
                <th scope="col">Changed</th>
              </tr>
            </thead>
            <tbody>
              {lambdas.map((it) => (
                <tr key={`${it.workspace}.${it.name}`}>
                  <th scope="row">
                    <a href={href('lambdas', it.workspace, it.name)}>
                      <span class="quiet">{it.workspace}.</span>
                      {it.name}
                    </a>
                  </th>
                  <td>{it.latest_version?.description}</td>
                  <td class="right">{it.version_count}</td>
                  <td>{it.last_updated}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

export function Lambda({ workspace, name }) {
  const at = path`/ws/${workspace}/lambdas/${name}`;
  const versions = usePolled(() => get(`${at}/versions`), 5000, [at]);
  const tags = usePolled(() => get(`${at}/tags`), 5000, [at]);
  const [chosen, setChosen] = useState(null);
  const all = newestFirst(versions.data?.data ?? []);
  const version = all.find((it) => it.version === chosen) ?? all[0];
  const reload = () => {
    versions.reload();
    tags.reload();
  };
  return (
    <>
      <h1>
        <span class="quiet">{workspace}.</span>
        {name}
      </h1>
      <Problem error={versions.error ?? tags.error} />
      {version && (
        <>
          <div class="row actions">
            <Field
              label="Version"
              options={all.map((it) => it.version)}
              value={version.version}
              onInput={setChosen}
            />
            <a class="button" href={`#/ask?sql=${encodeURIComponent(version.sql?.query ?? '')}`}>
              Open in Ask
            </a>
            <DeleteButton
              operation="deleteQueryLambdaVersion"
              on={workspace}
              what={`version ${version.version}`}
              onDelete={() => remove(`${at}${path`/version/${version.version}`}`).then(reload)}
            />
            <DeleteButton
              operation="deleteQueryLambda"
              on={workspace}
              what={`the query lambda ${workspace}.${name}`}
              onDelete={() =>
                remove(at).then(() => {
                  location.hash = '#/lambdas';
                })
              }
            />
          </div>
          {version.description && <p>{version.description}</p>}
          <p class="quiet">
            {version.created_by}, {version.created_at} {version.state}
          </p>
          <pre class="code" tabIndex={0}>
            {version.sql?.query}
          </pre>
          <Tags
            workspace={workspace}
            at={at}
            tags={tags.data?.data ?? []}
            version={version.version}
            reload={reload}
          />
          <Runner key={version.version} workspace={workspace} at={at} version={version} />
        </>
      )}
    </>
  );
}

const newestFirst = (versions) =>
  [...versions].sort((a, b) => (b.created_at ?? '').localeCompare(a.created_at ?? ''));

function Tags({ workspace, at, tags, version, reload }) {
  const [isAdding, setAdding] = useState(false);
  const [tag, setTag] = useState('');
  const add = () => post(`${at}/tags`, { tag_name: tag, version }).then(reload);
  return (
    <section aria-labelledby="tags">
      <div class="panel-head">
        <h2 id="tags">Tags</h2>
        <OperationButton
          operation="createQueryLambdaTag"
          on={workspace}
          class="small"
          onClick={() => setAdding(true)}
        >
          Tag this version
        </OperationButton>
      </div>
      <ul class="plain-list">
        {tags.map((it) => (
          <li key={it.tag_name}>
            <span>
              <strong>{it.tag_name}</strong> → {it.version?.version}
            </span>
            <DeleteButton
              operation="deleteQueryLambdaTag"
              on={workspace}
              what={`the tag ${it.tag_name}`}
              onDelete={() => remove(`${at}${path`/tags/${it.tag_name}`}`).then(reload)}
            />
          </li>
        ))}
      </ul>
      {isAdding && (
        <FormDialog
          title={`Tag version ${version}`}
          action="Tag"
          onSubmit={add}
          onClose={() => setAdding(false)}
        >
          <Field label="Tag" value={tag} onInput={setTag} required hint="A tag that exists is moved here." />
        </FormDialog>
      )}
    </section>
  );
}

/** Runs one version, with its defaults for the parameters that are left as they are. */
function Runner({ workspace, at, version }) {
  const { query = '', default_parameters: defaults } = version.sql ?? {};
  const known = Object.fromEntries((defaults ?? []).map(({ name, type, value }) => [name, { type, value }]));
  const names = [...new Set([...Object.keys(known), ...parameters(query)])];
  const [values, setValues] = useState(known);
  const { answer, error, progress, start, cancel } = useRun();
  const run = () =>
    start((options) =>
      post(`${at}${path`/versions/${version.version}`}`, { parameters: given(names, values), ...options }),
    );
  return (
    <section aria-labelledby="run">
      <h2 id="run">Run it</h2>
      <Parameters names={names} values={values} onChange={setValues} />
      <p class="actions">
        <OperationButton
          operation="executeQueryLambda"
          on={workspace}
          class="primary"
          disabled={progress !== null}
          onClick={run}
        >
          Run
        </OperationButton>
        <button type="button" disabled={progress === null} onClick={cancel}>
          Cancel
        </button>
      </p>
      <QueryProblem error={error} />
      {answer && <Results key={answer.id} answer={answer} />}
    </section>
  );
}
