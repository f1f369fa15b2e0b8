import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";

import { readStored, store } from "../app/stored";
import { useSession } from "../auth/SessionProvider";
import { actionOf, DEFAULT_KEYS, readKeymap, type Action, type Keymap } from "./keymap";
import { belongsTo, strokeOf } from "./stroke";

interface Keys {
  readonly keymap: Keymap;
  /** Single keys can be switched off, for who works by voice or hits them by accident. */
  readonly enabled: boolean;
  readonly setKeymap: (keymap: Keymap) => void;
  readonly setEnabled: (enabled: boolean) => void;
}

const KeysContext = createContext<Keys>({
  keymap: DEFAULT_KEYS,
  enabled: true,
  setKeymap: () => undefined,
  setEnabled: () => undefined,
});

export function useKeys(): Keys {
  return useContext(KeysContext);
}

/** Everybody's own keys, kept in the browser under their name. */
export function KeysProvider({ children }: { children: ReactNode }) {
  const { user } = useSession().session;
  const [keymap, setKeymap] = useState(() => readKeymap(readStored(`keys.${user}`, null)));
  const [enabled, setEnabled] = useState(() => readStored(`keys-enabled.${user}`, true));
  const keys = useMemo(
    () => ({
      keymap,
      enabled,
      setKeymap: (value: Keymap) => {
        store(`keys.${user}`, value);
        setKeymap(value);
      },
      setEnabled: (value: boolean) => {
        store(`keys-enabled.${user}`, value);
        setEnabled(value);
      },
    }),
    [keymap, enabled, user],
  );
  return <KeysContext value={keys}>{children}</KeysContext>;
}

/** What moves or looks may be held down; an answer counts once for each press. */
const REPEATABLE: readonly Action[] = ["zoomIn", "zoomOut"];

/** Do what a key means, wherever on the screen the focus is, unless the key belongs to what has it. */
export function useActions(handlers: Partial<Record<Action, () => void>>): void {
  const { keymap, enabled } = useKeys();
  const current = useRef(handlers);
  useEffect(() => {
    current.current = handlers;
  });
  useEffect(() => {
    if (!enabled) return;
    const onKeyDown = (event: KeyboardEvent) => {
      const stroke = strokeOf(event);
      if (stroke === null || event.defaultPrevented || belongsTo(event.target, stroke)) return;
      const action = actionOf(keymap, stroke);
      const handler = action && current.current[action];
      if (!handler || (event.repeat && !REPEATABLE.includes(action))) return;
      event.preventDefault();
      handler();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [keymap, enabled]);
}
