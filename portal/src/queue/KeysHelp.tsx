import Box from "@cloudscape-design/components/box";
import Modal from "@cloudscape-design/components/modal";

import { ACTIONS, keyCap, type Action } from "../keys/keymap";
import { useKeys } from "../keys/KeysProvider";
import type { Choice } from "../labels/book";

interface KeysHelpProps {
  readonly choices: readonly Choice[];
  readonly onClose: () => void;
}

export function KeysHelp({ choices, onClose }: KeysHelpProps) {
  const { keymap } = useKeys();
  const actions = (Object.keys(ACTIONS) as Action[]).filter((action) => !action.startsWith("class") || choices.some((choice) => choice.action === action));
  const named = (action: Action) => (action.startsWith("class") ? choices.find((choice) => choice.action === action)?.label : undefined) ?? ACTIONS[action];
  return (
    <Modal visible header="Keys" onDismiss={onClose} closeAriaLabel="Close">
      <dl className="keys">
        {actions.map((action) => (
          <div key={action}>
            <dt>
              <kbd>{keyCap(keymap, action) || "none"}</kbd>
            </dt>
            <dd>{named(action)}</dd>
          </div>
        ))}
      </dl>
      <Box color="text-body-secondary">You can change them in Settings. Esc leaves the note.</Box>
    </Modal>
  );
}
