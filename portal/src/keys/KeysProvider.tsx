import { createContext, useContext, useEffect, useMemo, useRef, type ReactNode } from "react";

import { useOwn } from "../settings/own";
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

/** Everybody's own keys. */
export function KeysProvider({ children }: { children: ReactNode }) {
  const [{ keys: own, single_keys: enabled }, change] = useOwn();
  const keys = useMemo(
    () => ({
      keymap: readKeymap(own),
      enabled,
      setKeymap: (value: Keymap) => change({ keys: Object.fromEntries(Object.entries(value).map(([action, strokes]) => [action, [...strokes]])) }),
      setEnabled: (value: boolean) => change({ single_keys: value }),
    }),
    [own, enabled, change],
  );
  return <KeysContext value={keys}>{children}</KeysContext>;
}

/** What moves or looks may be held down; an answer counts once for each press. */
const REPEATABLE: readonly Action[] = ["zoomIn", "zoomOut", "panLeft", "panRight", "panUp", "panDown"];

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
