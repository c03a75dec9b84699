// The small parts that all pages are made of.

import { useEffect, useRef, useState } from 'preact/hooks';
import { usePermissions } from '../session.js';

/** An error in the API's words, read out when it appears. */
export function Problem({ error }) {
  if (!error) return null;
  const isAbsent = error.status === 501;
  return (
    <p class={isAbsent ? 'note' : 'problem'} role={isAbsent ? 'note' : 'alert'}>
      {error.message}
    </p>
  );
}

/** What is said instead of a list without items. */
export const Nothing = ({ children }) => <p class="nothing">{children}</p>;

/** A button that puts a text on the clipboard, and says so. */
export function Copy({ text, label, isLabelled = false }) {
  const [said, setSaid] = useState('');
  const copy = async () => {
    const done = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    );
    setSaid(done ? 'Copied' : 'Select it and press Ctrl-C');
    setTimeout(() => setSaid(''), 2000);
  };
  return (
    <button type="button" class="small" onClick={copy}>
      <span aria-live="polite">{said || 'Copy'}</span>
      <span class={isLabelled ? undefined : 'hidden'}> {label}</span>
    </button>
  );
}

/**
 * A button for an operation of the API, on a resource if it names one. When the key may not do that, or
 * it is `impossible` for a reason, the button is switched off, can still be reached, and says why.
 */
export function OperationButton({ operation, on, impossible, children, title, onClick, ...rest }) {
  const refusal = usePermissions().refusal(operation, on) ?? impossible;
  return (
    <button
      type="button"
      {...rest}
      aria-disabled={refusal ? 'true' : undefined}
      title={refusal ?? title}
      onClick={refusal ? undefined : onClick}
    >
      {children}
    </button>
  );
}

/** A stage of life in words and a colour. */
export function Status({ status }) {
  if (!status) return null;
  const good = ['READY', 'ACTIVE', 'WATCHING', 'COMPLETED', 'SYNCED', 'CREATED'];
  const bad = ['ERROR', 'FAILED', 'DELETED', 'SUSPENDED', 'CANCELLED', 'INVALID_SQL'];
  const tone = good.includes(status) ? 'good' : bad.includes(status) ? 'bad' : 'busy';
  return <span class={`status ${tone}`}>{status}</span>;
}

/** Tabs by the pattern of the ARIA practices: arrows move, one tab stop. */
export function Tabs({ label, tabs, chosen, onChoose, children }) {
  const list = useRef(null);
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = tabs.findIndex(([id]) => id === chosen);
    const [next] = tabs[(at + step + tabs.length) % tabs.length];
    onChoose(next);
    list.current.querySelector(`[data-tab="${next}"]`)?.focus();
  };
  const id = label.replaceAll(/\W+/g, '-');
  return (
    <>
      <div role="tablist" aria-label={label} class="tabs" ref={list} onKeyDown={move}>
        {tabs.map(([tab, title]) => (
          <button
            type="button"
            role="tab"
            id={`${id}-${tab}`}
            data-tab={tab}
            key={tab}
            aria-selected={tab === chosen}
            aria-controls={`${id}-panel`}
            tabIndex={tab === chosen ? 0 : -1}
            onClick={() => onChoose(tab)}
          >
            {title}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${chosen}`}>
        {children}
      </div>
    </>
  );
}

/** A dialog that is open while it is shown; Escape and Cancel close it. */
export function Dialog({ title, onClose, children }) {
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="dialog-title">
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}

let fields = 0;

/** A labelled field of a form. */
export function Field({ label, hint, type = 'text', value, onInput, options, ...rest }) {
  const [id] = useState(() => `field-${++fields}`);
  const given = {
    id,
    value,
    onInput: (event) => onInput(event.currentTarget.value),
    'aria-describedby': hint ? `${id}-hint` : undefined,
    ...rest,
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {options ? (
        <select {...given}>
          {options.map((it) => (
            <option key={it} value={it}>
              {it}
            </option>
          ))}
        </select>
      ) : type === 'area' ? (
        <textarea rows="5" spellcheck={false} {...given} />
      ) : (
        <input type={type} spellcheck={false} autocomplete="off" {...given} />
      )}
      {hint && <small id={`${id}-hint`}>{hint}</small>}
    </div>
  );
}

/** A form in a dialog that calls the API and shows what it refuses. */
export function FormDialog({ title, action, onSubmit, onClose, children }) {
  const [error, setError] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    const refused = await onSubmit().then(
      () => null,
      (error) => error,
    );
    setBusy(false);
    setError(refused);
    if (!refused) onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        {children}
        <Problem error={error} />
        <p class="actions">
          <button type="submit" class="primary" disabled={isBusy}>
            {action}
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </p>
      </form>
    </Dialog>
  );
}

/** A button that asks once more before it deletes. */
export function DeleteButton({ operation, on, impossible, what, onDelete }) {
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <OperationButton
        operation={operation}
        on={on}
        impossible={impossible}
        class="small"
        onClick={() => setAsking(true)}
        aria-label={`Delete ${what}`}
      >
        Delete
      </OperationButton>
      {isAsking && (
        <FormDialog
          title={`Delete ${what}?`}
          action="Delete"
          onSubmit={onDelete}
          onClose={() => setAsking(false)}
        >
          <p>This can't be undone.</p>
        </FormDialog>
      )}
    </>
  );
}
