// Saving a query as a query lambda, or as the next version of one.

import { useState } from 'preact/hooks';
import { path, post } from '../api.js';
import { initialWorkspace, useCatalog } from '../catalog.js';
import { Field, FormDialog } from '../parts/basics.jsx';
import { usePermissions } from '../session.js';

export function SaveLambda({ sql, parameters, onClose }) {
  const { permits } = usePermissions();
  const workspaces = useCatalog().workspaces.filter((it) => permits('createQueryLambda', it.name));
  const [workspace, setWorkspace] = useState(initialWorkspace(workspaces));
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const save = async () => {
    const body = {
      description,
      sql: { query: sql, default_parameters: parameters.filter((it) => it.value !== '') },
    };
    await post(`${path`/ws/${workspace}/lambdas/${name}/versions`}?create=true`, body);
    location.hash = `#/lambdas/${encodeURIComponent(workspace)}/${encodeURIComponent(name)}`;
  };
  return (
    <FormDialog title="Save as query lambda" action="Save" onSubmit={save} onClose={onClose}>
      <Field
        label="Workspace"
        options={workspaces.map((it) => it.name)}
        value={workspace}
        onInput={setWorkspace}
      />
      <Field
        label="Name"
        value={name}
        onInput={setName}
        required
        hint="The name of a query lambda that exists gets another version."
      />
      <Field label="Description" value={description} onInput={setDescription} />
      <p class="quiet">Parameters with a value become its defaults.</p>
    </FormDialog>
  );
}
