// Requests to the server that the page came from, with the key of this tab.

const ROOT = '/v1/orgs/self';
const KEY = 'rockset-key';

let key = sessionStorage.getItem(KEY);

export const currentKey = () => key;

export function setKey(value) {
  key = value;
  if (value === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, value);
}

/** An answer that is an error, in the API's words. */
export class ApiError extends Error {
  constructor(status, model) {
    super(model?.message || `The server answered ${status}.`);
    this.status = status;
    this.type = model?.type;
    this.line = model?.line ?? null;
    this.column = model?.column ?? null;
    this.queryId = model?.query_id ?? null;
  }
}

/** A path whose parts are encoded: path`/ws/${workspace}`. */
export function path(texts, ...parts) {
  return texts.reduce((made, text, i) => made + encodeURIComponent(parts[i - 1]) + text);
}

/** Sends a request of the API; paths of `/local` are this server's own. */
export async function request(method, where, body, signal) {
  const headers = { Authorization: `ApiKey ${key}` };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const url = where.startsWith('/local') || where.startsWith('/v1') ? where : ROOT + where;
  const sent = { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) };
  const response = await fetch(url, sent).catch((error) => {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(0, {
      message: `There is no answer from ${location.origin}. Is the server still running?`,
    });
  });
  const answer = parse(await response.text());
  if (!response.ok) throw new ApiError(response.status, answer);
  return answer;
}

export const get = (where, signal) => request('GET', where, undefined, signal);
export const post = (where, body, signal) => request('POST', where, body, signal);
export const remove = (where) => request('DELETE', where);

/** Whether a text may have an integer beyond 2^53, which a number of JavaScript would round. */
const LONG = /\d{16}/;

/** JSON, in which long integers keep all their digits. */
export function parse(text) {
  try {
    return LONG.test(text) && JSON.rawJSON ? JSON.parse(text, exact) : JSON.parse(text);
  } catch {
    return null;
  }
}

function exact(_, value, context) {
  const isRounded =
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '');
  return isRounded ? JSON.rawJSON(context.source) : value;
}
