/** A person's own settings, in this browser. A browser that stores nothing gives the defaults. */

const PREFIX = "fabwafer.";
/** What the browser would not store, until the page is closed. */
const unstored = new Map<string, string>();

export function readStored<Value>(name: string, fallback: Value): Value {
  try {
    const text = unstored.get(name) ?? localStorage.getItem(PREFIX + name);
    return text === null ? fallback : (JSON.parse(text) as Value);
  } catch {
    return fallback;
  }
}

export function store(name: string, value: unknown): void {
  const text = JSON.stringify(value);
  try {
    localStorage.setItem(PREFIX + name, text);
    unstored.delete(name);
  } catch {
    unstored.set(name, text);
  }
}
