import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";

import { usePerson } from "../app/PersonProvider";
import { labelWords } from "../app/words";
import { keyCap, type Action } from "../keys/keymap";
import { useKeys } from "../keys/KeysProvider";
import type { Choice } from "../labels/book";
import type { Draft } from "./answering";

interface AnswerPanelProps {
  readonly choices: readonly Choice[];
  readonly draft: Draft;
  readonly suggested: string | null;
  /** While no answer can be meant. */
  readonly off: boolean;
  readonly onDraft: (draft: Draft) => void;
  readonly onAction: (action: Action) => void;
  readonly onLabel: (label: string) => void;
}

export function AnswerPanel({ choices, draft, suggested, off, onDraft, onAction, onLabel }: AnswerPanelProps) {
  const { most_note_characters: mostNote } = usePerson().me;
  const chosen = draft.several;
  const doing = (action: Action) => leaving(() => onAction(action));
  return (
    <SpaceBetween size="s">
      <div className="answers" role="group" aria-label="Answer">
        {choices.map(({ label, action }) => (
          <KeyButton
            key={label}
            action={action}
            text={labelWords(label)}
            pressed={chosen?.includes(label)}
            suggested={label === suggested}
            disabled={off}
            onClick={leaving(() => onLabel(label))}
          />
        ))}
        <KeyButton action="unknown" text="Unknown" disabled={off} onClick={doing("unknown")} />
        <KeyButton action="bad" text="Bad image" disabled={off} onClick={doing("bad")} />
      </div>
      <div className="answers" role="group" aria-label="Other actions">
        <KeyButton
          action="accept"
          text={chosen ? `Answer with ${chosen.length}` : "Accept"}
          primary
          disabled={off || (chosen ? chosen.length === 0 : suggested === null)}
          onClick={doing("accept")}
        />
        <KeyButton action="several" text={chosen ? "One class" : "Several"} pressed={chosen !== null} disabled={off} onClick={doing("several")} />
        <KeyButton action="skip" text="Skip" disabled={off} onClick={doing("skip")} />
        <KeyButton action="undo" text="Undo" disabled={off} onClick={doing("undo")} />
      </div>
      {draft.note === null ? (
        <KeyButton action="note" text="Add a note" disabled={off} onClick={() => onAction("note")} />
      ) : (
        <Textarea
          autoFocus
          ariaLabel={`Note, goes with the answer; ${mostNote} characters at most`}
          rows={2}
          value={draft.note}
          placeholder="Goes with the answer. Esc leaves it."
          onChange={({ detail }) => onDraft({ ...draft, note: detail.value.slice(0, mostNote) })}
          onKeyDown={({ detail }) => {
            if (detail.key === "Escape") leave();
          }}
        />
      )}
    </SpaceBetween>
  );
}

function leave(): void {
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}

/** A button that keeps the focus would take the next wafer's Enter for itself, and a held key would press it again and again. */
function leaving(deed: () => void): () => void {
  return () => {
    leave();
    deed();
  };
}

interface KeyButtonProps {
  readonly action: Action | null;
  readonly text: string;
  readonly pressed?: boolean | undefined;
  readonly suggested?: boolean;
  readonly primary?: boolean;
  readonly disabled?: boolean;
  readonly onClick: () => void;
}

/** A button that names its key. */
export function KeyButton({ action, text, pressed, suggested = false, primary = false, disabled = false, onClick }: KeyButtonProps) {
  const { keymap, enabled } = useKeys();
  const cap = action && enabled ? keyCap(keymap, action) : "";
  const said = [`${cap} ${text}`.trim(), pressed ? "chosen" : "", suggested ? "the model's answer" : ""].filter(Boolean).join(", ");
  return (
    <Button
      fullWidth
      variant={primary ? "primary" : "normal"}
      disabled={disabled}
      {...(pressed || suggested ? { iconName: pressed ? ("check" as const) : ("gen-ai" as const), iconAlign: "right" as const } : {})}
      ariaLabel={said}
      onClick={onClick}
    >
      {cap && <kbd>{cap}</kbd>} {text}
    </Button>
  );
}
