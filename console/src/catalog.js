// What exists, asked for again and again, and how the number of documents has changed.

import { useEffect, useState } from 'preact/hooks';
import { get } from './api.js';

const SPAN = 600; // Seconds that the plot shows.
const OFTEN = 1000;
// A server with a thousand collections isn't kept busy by its console.
const SHARE = 8;

let state = {
  workspaces: [],
  collections: [],
  error: null,
  isKnown: false,
  rates: { times: [], values: [] },
  rateOf: new Map(),
};
let last = null;
let timer = null;
const listeners = new Set();

export function useCatalog() {
  const [known, setKnown] = useState(state);
  useEffect(() => {
    listeners.add(setKnown);
    setKnown(state);
    return () => listeners.delete(setKnown);
  }, []);
  return known;
}

/** The workspace that a form begins with. */
export const initialWorkspace = (workspaces) =>
  (workspaces.find((it) => it.name === 'commons') ?? workspaces[0])?.name ?? '';

export const catalog = () => state;

function publish(next) {
  state = next;
  for (const listener of listeners) listener(next);
}

/** Begins to watch, until the returned function is called. */
export function watch() {
  let isOver = false;
  const again = async () => {
    const begun = performance.now();
    if (!document.hidden) await refresh();
    const took = performance.now() - begun;
    if (!isOver) timer = setTimeout(again, Math.max(OFTEN, took * SHARE));
  };
  again();
  return () => {
    isOver = true;
    clearTimeout(timer);
    last = null;
  };
}

export async function refresh() {
  try {
    const [workspaces, collections] = await Promise.all([get('/ws').catch(unlisted), get('/collections')]);
    publish({
      ...state,
      ...measured(collections.data.filter(isWritten)),
      workspaces: workspaces?.data ?? workspacesOf(collections.data),
      collections: collections.data,
      error: null,
      isKnown: true,
    });
  } catch (error) {
    last = null;
    publish({ ...state, error });
  }
}

/** Whether others than the server write a collection. */
export const isWritten = (collection) => !collection.read_only;

/** A key that may not list workspaces knows those of the collections that it sees. */
function unlisted(error) {
  if (error.status !== 403) throw error;
  return null;
}
const workspacesOf = (collections) =>
  [...new Set(collections.map((it) => it.workspace))].map((name) => ({ name }));

const nameOf = (collection) => `${collection.workspace}.${collection.name}`;

/** Documents a second since the last answer, of all collections and of each. */
function measured(collections) {
  const now = Date.now() / 1000;
  const counts = new Map(collections.map((it) => [nameOf(it), it.stats?.doc_count ?? 0]));
  const before = last;
  last = { now, counts };
  if (!before || now <= before.now) return {};
  const rateOf = new Map();
  let all = 0;
  for (const [name, documents] of counts) {
    const change = documents - (before.counts.get(name) ?? 0);
    all += change;
    rateOf.set(name, change / (now - before.now));
  }
  const { times, values } = state.rates;
  const first = times.findIndex((time) => time >= now - SPAN);
  const from = first < 0 ? times.length : first;
  return {
    rateOf,
    rates: { times: [...times.slice(from), now], values: [...values.slice(from), all / (now - before.now)] },
  };
}

/** Asks again and again while a part of the page is shown; null for what isn't known yet. */
export function usePolled(load, every, inputs) {
  const [found, setFound] = useState({ data: null, error: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isOver = false;
    let next = null;
    const ask = async () => {
      const answer = await load().then(
        (data) => ({ data, error: null }),
        (error) => ({ data: null, error }),
      );
      if (isOver) return;
      setFound(answer);
      if (every && answer.error?.status !== 501) next = setTimeout(ask, every);
    };
    ask();
    return () => {
      isOver = true;
      clearTimeout(next);
    };
  }, [...inputs, turn]);
  return { ...found, reload: () => setTurn((it) => it + 1) };
}
