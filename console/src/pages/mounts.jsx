// The collections that are mounted on a virtual instance.

import { useState } from 'preact/hooks';
import { get, path, post, remove } from '../api.js';
import { useCatalog, usePolled } from '../catalog.js';
import { DeleteButton, Field, FormDialog, OperationButton, Problem, Status } from '../parts/basics.jsx';
import { href } from '../route.js';

export function Mounts({ item: { id, name, state, default_vi: isMain } }) {
  return isMain ? (
    <p class="quiet">Every collection is mounted here.</p>
  ) : (
    <Mounted id={id} name={name} isActive={state === 'ACTIVE'} />
  );
}

function Mounted({ id, name, isActive }) {
  const at = path`/virtualinstances/${id}/mounts`;
  const { data, error, reload } = usePolled(() => get(at), 3000, [at]);
  const [isMounting, setMounting] = useState(false);
  const mounts = data?.data ?? [];
  return (
    <>
      <div class="panel-head">
        <h3>Mounts</h3>
        {data && mounts.length === 0 && <span class="quiet">None.</span>}
        <OperationButton
          operation="mountCollection"
          on={id}
          class="small"
          disabled={!isActive}
          title={isActive ? undefined : 'Collections are mounted on an instance that is ACTIVE.'}
          aria-label={`Mount a collection on ${name}`}
          onClick={() => setMounting(true)}
        >
          Mount a collection
        </OperationButton>
      </div>
      <Problem error={error} />
      <ul class="plain-list">
        {mounts.map((it) => (
          <li key={it.collection_path}>
            <a href={href('c', ...it.collection_path.split('.'))}>{it.collection_path}</a>
            <Status status={it.state} />
            <span class="quiet">{it.type}</span>
            <DeleteButton
              operation="unmountCollection"
              on={id}
              what={`the mount of ${it.collection_path} on ${name}`}
              onDelete={() => remove(`${at}${path`/${it.collection_path}`}`).then(reload)}
            />
          </li>
        ))}
      </ul>
      {isMounting && (
        <Mount
          at={at}
          name={name}
          mounted={mounts.map((it) => it.collection_path)}
          onClose={() => setMounting(false)}
          onDone={reload}
        />
      )}
    </>
  );
}

function Mount({ at, name, mounted, onClose, onDone }) {
  const paths = useCatalog().collections.map((it) => `${it.workspace}.${it.name}`);
  const others = paths.filter((it) => !mounted.includes(it));
  const [chosen, setChosen] = useState(others[0] ?? '');
  const mount = () => post(at, { collection_paths: [chosen] }).then(onDone);
  return (
    <FormDialog title={`Mount a collection on ${name}`} action="Mount" onSubmit={mount} onClose={onClose}>
      <Field label="Collection" options={others} value={chosen} onInput={setChosen} required />
    </FormDialog>
  );
}
