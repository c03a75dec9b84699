// The queries that were asked in this browser: their texts, and nothing of their rows.

const KEY = 'rockset-history';
const MOST = 100;

export function past() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? [];
  } catch {
    return [];
  }
}

export function remember(sql, outcome) {
  const others = past().filter((it) => it.sql !== sql);
  const all = [{ sql, outcome, at: new Date().toISOString() }, ...others].slice(0, MOST);
  try {
    localStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // A full store keeps what it has.
  }
}

export const forgetPast = () => localStorage.removeItem(KEY);
