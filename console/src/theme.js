// Light and dark: what the system says, unless this page was told otherwise.

import { useEffect, useState } from 'preact/hooks';

const CHOICE = 'rockset-theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

export function applyTheme() {
  const chosen = localStorage.getItem(CHOICE);
  const isDark = chosen ? chosen === 'dark' : dark.matches;
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
  dispatchEvent(new Event('themechange'));
}

export function toggleTheme() {
  localStorage.setItem(CHOICE, document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
  applyTheme();
}

dark.addEventListener('change', applyTheme);

function colours() {
  const style = getComputedStyle(document.documentElement);
  const names = ['accent', 'faint', 'line', 'quiet', 'land', 'sea', 'point'];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/** The colours of what is drawn and not styled. */
export function useColours() {
  const [found, setFound] = useState(colours);
  useEffect(() => {
    const changed = () => setFound(colours());
    addEventListener('themechange', changed);
    return () => removeEventListener('themechange', changed);
  }, []);
  return found;
}
