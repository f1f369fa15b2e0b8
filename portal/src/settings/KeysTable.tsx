import Button from "@cloudscape-design/components/button";
import { useEffect, useState } from "react";

import { ACTIONS, keyCap, withKey, type Action } from "../keys/keymap";
import { useKeys } from "../keys/KeysProvider";
import { strokeOf } from "../keys/stroke";

/** Every action with its key; press one, then the key that it shall have. */
export function KeysTable() {
  const { keymap, setKeymap } = useKeys();
  const [asked, setAsked] = useState<Action | null>(null);
  useEffect(() => {
    if (!asked) return;
    const onKeyDown = (event: KeyboardEvent) => {
      const stroke = strokeOf(event);
      if (stroke === null) return;
      event.preventDefault();
      event.stopPropagation();
      if (stroke !== "Escape") setKeymap(withKey(keymap, asked, stroke));
      setAsked(null);
    };
    window.addEventListener("keydown", onKeyDown, true);
    return () => window.removeEventListener("keydown", onKeyDown, true);
  }, [asked, keymap, setKeymap]);
  return (
    <ul className="keys-table" aria-label="Keys">
      {(Object.keys(ACTIONS) as Action[]).map((action) => (
        <li key={action}>
          <span>{ACTIONS[action]}</span>
          <Button ariaLabel={`${ACTIONS[action]}: ${keyCap(keymap, action) || "no key"}. Change.`} onClick={() => setAsked(action)}>
            {asked === action ? "Press a key, Esc to leave it" : <kbd>{keyCap(keymap, action) || "none"}</kbd>}
          </Button>
        </li>
      ))}
    </ul>
  );
}
