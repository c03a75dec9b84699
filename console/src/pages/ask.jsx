// Asking in SQL.

import { useRef, useState } from 'preact/hooks';
import { Editor } from '../ask/editor.jsx';
import { forgetPast, past, remember } from '../ask/history.js';
import { parameters } from '../ask/dialect.js';
import { Parameters, given } from '../ask/parameters.jsx';
import { Results } from '../ask/results.jsx';
import { isCancelled, run, sqlRequest } from '../ask/run.js';
import { SaveLambda } from '../ask/save_lambda.jsx';
import { Dialog, Nothing, OperationButton } from '../parts/basics.jsx';
import { useSession } from '../session.js';
import { counted } from '../values.js';

const DRAFT = 'rockset-draft';

export function Ask({ query }) {
  const { functions, engine } = useSession();
  const [sql, setSql] = useState(() => query.get('sql') ?? sessionStorage.getItem(DRAFT) ?? '');
  const [values, setValues] = useState({});
  const [dialog, setDialog] = useState(null);
  const view = useRef(null);
  const { answer, error, progress, start, cancel } = useRun(view);
  const names = parameters(sql);
  const onChange = (text) => {
    setSql(text);
    sessionStorage.setItem(DRAFT, text);
  };
  const onRun = () => sql.trim() && start(sqlRequest(sql, given(names, values)), sql);
  return (
    <>
      <h1>Ask</h1>
      {engine && <Missing message={engine} />}
      <Editor initial={sql} functions={functions ?? []} onChange={onChange} onRun={onRun} view={view} />
      <Parameters names={names} values={values} onChange={setValues} />
      <div class="row actions">
        <OperationButton
          operation="query"
          class="primary"
          disabled={!sql.trim() || progress !== null}
          onClick={onRun}
          title="Ctrl-Enter"
        >
          Run
        </OperationButton>
        <button type="button" disabled={progress === null} onClick={cancel}>
          Cancel
        </button>
        <button type="button" onClick={() => setDialog('history')}>
          History
        </button>
        <OperationButton
          operation="createQueryLambda"
          disabled={!sql.trim()}
          onClick={() => setDialog('lambda')}
        >
          Save as query lambda
        </OperationButton>
        <span class="quiet" role="status">
          {progress &&
            (progress.rows ? `${counted(progress.rows, 'row')} fetched…` : `${progress.status ?? 'QUEUED'}…`)}
        </span>
      </div>
      <QueryProblem error={error} />
      {answer && <Results key={answer.id} answer={answer} />}
      {dialog === 'history' && (
        <Past
          onClose={() => setDialog(null)}
          onChoose={(text) => {
            view.current.setText(text);
            setDialog(null);
          }}
        />
      )}
      {dialog === 'lambda' && (
        <SaveLambda sql={sql} parameters={given(names, values)} onClose={() => setDialog(null)} />
      )}
    </>
  );
}

/** A query that runs, has failed, or has its rows. */
export function useRun(view) {
  const [state, setState] = useState({ answer: null, error: null, progress: null });
  const abort = useRef(null);
  const start = async (request, sql) => {
    abort.current = new AbortController();
    view?.current?.showError(null);
    setState({ answer: null, error: null, progress: {} });
    try {
      const answer = await run(request, {
        signal: abort.current.signal,
        onProgress: (progress) => setState((it) => ({ ...it, progress })),
      });
      if (sql) remember(sql, counted(answer.total, 'row'));
      setState({ answer, error: null, progress: null });
    } catch (error) {
      if (sql) remember(sql, isCancelled(error) ? 'cancelled' : 'failed');
      view?.current?.showError(error);
      setState({ answer: null, error, progress: null });
    }
  };
  return { ...state, start, cancel: () => abort.current?.abort() };
}

export function QueryProblem({ error }) {
  if (!error) return null;
  if (isCancelled(error))
    return (
      <p class="note" role="status">
        The query was cancelled.
      </p>
    );
  const place = error.line ? `Line ${error.line}, column ${error.column ?? 1}: ` : '';
  return (
    <p class="problem" role="alert">
      {place}
      {error.message}
    </p>
  );
}

const Missing = ({ message }) => (
  <div class="note" role="note">
    {' '}
    <p>{message}</p>
    <p>
      Stop the server, and start one that has it: <code>cargo run --release --features engine -- local</code>
    </p>
  </div>
);

function Past({ onClose, onChoose }) {
  const [all, setAll] = useState(past);
  return (
    <Dialog title="History" onClose={onClose}>
      {all.length === 0 ? (
        <Nothing>No query was asked in this browser yet.</Nothing>
      ) : (
        <ul class="past">
          {all.map((it) => (
            <li key={it.sql}>
              <button type="button" class="plain" onClick={() => onChoose(it.sql)}>
                <code>{it.sql}</code>
              </button>
              <small>
                {new Date(it.at).toLocaleString()} · {it.outcome}
              </small>
            </li>
          ))}
        </ul>
      )}
      <p class="actions">
        <button type="button" onClick={onClose}>
          Close
        </button>
        <button
          type="button"
          disabled={!all.length}
          onClick={() => {
            forgetPast();
            setAll([]);
          }}
        >
          Forget all
        </button>
      </p>
    </Dialog>
  );
}
