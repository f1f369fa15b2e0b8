/**
 * A key press -> a stroke, the same on every keyboard layout.
 *
 * Digits go by position (on AZERTY the digit row types & é " without Shift, and the number pad is elsewhere), letters
 * by what is printed on the key; where that is no Latin letter (Cyrillic, Greek), by position.
 */

import { SHIFT } from "./keymap";

export interface KeyPress {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey?: boolean;
  readonly altKey?: boolean;
  readonly metaKey?: boolean;
  readonly shiftKey?: boolean;
  readonly isComposing?: boolean;
}

const DIGIT = /^(?:Digit|Numpad)(\d)$/;
const NO_STROKES = ["Shift", "Control", "Alt", "AltGraph", "Meta", "Dead", "CapsLock", "Tab", "Unidentified"];
const LETTER = /^Key([A-Z])$/;

/** Return "1", "n", "?", "Enter", "ArrowLeft", "Shift+ArrowLeft"...; null for what is no stroke of ours: Ctrl+C, a dead key, Shift alone. */
export function strokeOf(press: KeyPress): string | null {
  if (isOthers(press)) return null;
  if (press.key === "?") return "?";
  if (press.shiftKey && press.key.startsWith("Arrow")) return SHIFT + press.key;
  return digitOf(press) ?? letterOf(press) ?? (NO_STROKES.includes(press.key) ? null : press.key);
}

/** Whether it belongs to the browser or to a word that is being composed. */
function isOthers({ ctrlKey, altKey, metaKey, isComposing }: KeyPress): boolean {
  return [ctrlKey, altKey, metaKey, isComposing].includes(true);
}

function digitOf({ key, code }: KeyPress): string | null {
  // With the number pad's lock off, Numpad4 is an arrow and Numpad0 is Insert.
  const other = code.startsWith("Numpad") && key.length > 1;
  return other ? null : (DIGIT.exec(code)?.[1] ?? null);
}

function letterOf({ key, code }: KeyPress): string | null {
  if (/^[a-z]$/i.test(key)) return key.toLowerCase();
  return isLatin(key) ? null : (LETTER.exec(code)?.[1]?.toLowerCase() ?? null);
}

/** Whether a key types something that a Latin keyboard has, be it a comma where another layout has its M. */
function isLatin(key: string): boolean {
  return /^[\u0020-\u024f]$/.test(key);
}

const WRITING = "input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, [contenteditable=true]";
const PRESSED = "button, a[href], summary, input, [role=button]";
const STEPPED = "input:not([type=checkbox]), [aria-haspopup], [role=menuitem], [role=option], [role=tab], [role=radio], [role=slider]";

/** Tell whether a stroke belongs to what has the focus: any in a text field or dialog, Enter and Space on a button, arrows too on a slider. */
export function belongsTo(target: EventTarget | null, stroke: string): boolean {
  if (!(target instanceof Element)) return false;
  if (target.closest(WRITING) || target.closest("[role=dialog], [role=menu], [role=listbox]")) return true;
  if (stroke === "Enter" || stroke === " ") return target.closest(`${PRESSED}, ${STEPPED}`) !== null;
  return stroke.includes("Arrow") && target.closest(STEPPED) !== null;
}
