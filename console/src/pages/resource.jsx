// A list of the things of one kind, with what may be done to them. `resources.js` says what they are.

import { useState } from 'preact/hooks';
import { ApiError, get, parse, post, remove, request } from '../api.js';
import { initialWorkspace, refresh, useCatalog, usePolled } from '../catalog.js';
import {
  Copy,
  DeleteButton,
  Dialog,
  Field,
  FormDialog,
  Nothing,
  OperationButton,
  Problem,
  Status,
} from '../parts/basics.jsx';
import { Tree } from '../parts/tree.jsx';
import { usePermissions } from '../session.js';

export function Resource({ of }) {
  const { data, error, reload } = usePolled(() => (of.load ? of.load() : get(of.list)), 3000, [of]);
  const [form, setForm] = useState(null);
  const [secret, setSecret] = useState(null);
  const [refused, setRefused] = useState(null);
  const items = data?.data ?? [];
  const act = (where) =>
    post(where, {})
      .then(() => setRefused(null), setRefused)
      .then(reload);
  return (
    <>
      <h1>{of.title}</h1>
      <p class="quiet">{of.about}</p>
      <Problem error={error ?? refused} />
      {data && of.create && (
        <p class="actions">
          <OperationButton operation={of.create.operation} onClick={() => setForm({})}>
            New {of.noun}
          </OperationButton>
        </p>
      )}
      {data && items.length === 0 && <Nothing>None.</Nothing>}
      {items.map((it) => (
        <Item
          key={(of.id ?? of.name)(it)}
          of={of}
          item={it}
          act={act}
          onChange={() => setForm({ changed: it })}
          reload={reload}
        />
      ))}
      {form && (
        <Form
          of={of}
          {...form}
          onClose={() => setForm(null)}
          onDone={(answer) => {
            reload();
            refresh();
            if (!form.changed) setSecret(of.secret?.(answer) ?? null);
          }}
        />
      )}
      {secret && <Secret text={secret} onClose={() => setSecret(null)} />}
    </>
  );
}

function Item({ of, item, act, onChange, reload }) {
  const name = of.name(item);
  const on = of.on?.(item);
  const actions = (of.actions ?? []).filter((it) => it.fits(item));
  return (
    <section class="panel" aria-label={name}>
      <div class="panel-head">
        <h2>{name}</h2>
        <Status status={item.state} />
        <span class="quiet">{of.told(item)}</span>
        {actions.map((it) => (
          <OperationButton
            operation={it.operation}
            on={on}
            impossible={it.impossible?.(item)}
            class="small"
            key={it.title}
            aria-label={`${it.title} ${name}`}
            onClick={() => act(it.where(item))}
          >
            {it.title}
          </OperationButton>
        ))}
        {of.change && (
          <OperationButton
            operation={of.change.operation}
            on={on}
            class="small"
            aria-label={`Change ${name}`}
            onClick={onChange}
          >
            Change
          </OperationButton>
        )}
        {of.remove && (
          <DeleteButton
            operation={of.remove.operation}
            on={on}
            impossible={of.remove.impossible?.(item)}
            what={`the ${of.noun} ${name}`}
            onDelete={() => remove(of.remove.where(item)).then(reload)}
          />
        )}
      </div>
      {of.Detail && <of.Detail item={item} />}
      <Tree value={item} />
    </section>
  );
}

/** A secret that the server shows once. */
function Secret({ text, onClose }) {
  return (
    <Dialog title="The new key" onClose={onClose}>
      <p>Keep it now: it may not be shown again.</p>
      <p class="code">
        <code>{text}</code> <Copy text={text} label="the new key" />
      </p>
      <p class="actions">
        <button type="button" onClick={onClose}>
          Close
        </button>
      </p>
    </Dialog>
  );
}

/** The form that makes one, or changes the one that is given. */
function Form({ of, changed, onClose, onDone }) {
  const { permits } = usePermissions();
  const workspaces = useCatalog().workspaces.filter((it) => permits(of.create.operation, it.name));
  const fields = of.fields.filter((it) => (changed ? !it.isFixed : !it.isOnlyChanged));
  const [values, setValues] = useState(() =>
    Object.fromEntries(of.fields.map((it) => [it.name, initial(it, changed, workspaces)])),
  );
  const submit = async () => {
    const body = Object.assign(
      {},
      ...fields
        .filter((it) => !it.isPath)
        .map((it) => sent(it, values[it.name], changed && initial(it, changed))),
    );
    const { method = 'POST', where } = changed ? of.change : of.create;
    onDone(await request(method, where(changed ?? values), body));
  };
  return (
    <FormDialog
      title={changed ? `Change ${of.name(changed)}` : `New ${of.noun}`}
      action={changed ? 'Change' : 'Create'}
      onSubmit={submit}
      onClose={onClose}
    >
      {fields.map((it) => (
        <Field
          key={it.name}
          label={it.label}
          hint={(changed && it.hintOfChange) ?? it.hint}
          type={it.type ? 'area' : it.input}
          required={it.isRequired}
          options={it.name === 'workspace' ? workspaces.map((it) => it.name) : it.options}
          value={values[it.name]}
          onInput={(value) => setValues({ ...values, [it.name]: value })}
        />
      ))}
    </FormDialog>
  );
}

function initial(field, changed, workspaces) {
  if (field.name === 'workspace' && !changed) return initialWorkspace(workspaces);
  const now = changed ? (field.from ?? ((it) => it[field.name]))(changed) : field.initial;
  if (now === undefined || now === null) return '';
  if (field.type === 'list') return now.join('\n');
  return field.type === 'json' ? JSON.stringify(now, null, 2) : String(now);
}

/** The properties of a request that a field makes; `before` is its text before a change. */
function sent(field, text, before) {
  if (field.type === 'list')
    return {
      [field.name]: text
        .split('\n')
        .map((it) => it.trim())
        .filter(Boolean),
    };
  if (field.type !== 'json') {
    const isTakenAway = text === '' && !field.isNumber && Boolean(before);
    const given = text === '' && before === undefined ? (field.otherwise?.() ?? '') : text;
    if (given === '' && !isTakenAway) return {};
    if (field.as) return { [field.name]: field.as(given) };
    return { [field.name]: field.isNumber ? Number(given) : given };
  }
  const value = parse(text);
  if (value === null) throw new ApiError(0, { message: `${field.label} is not JSON.` });
  return field.isSpread ? value : { [field.name]: value };
}
