/** Which stroke does what in the queue and the gallery; every reviewer may change it. */

export const ACTIONS = {
  class1: "Class 1",
  class2: "Class 2",
  class3: "Class 3",
  class4: "Class 4",
  class5: "Class 5",
  class6: "Class 6",
  class7: "Class 7",
  class8: "Class 8",
  class9: "Class 9",
  normal: "No pattern",
  unknown: "Unknown pattern",
  bad: "Bad image",
  accept: "Accept the model's answer",
  skip: "Skip, for somebody else",
  undo: "Undo",
  note: "Write a note",
  several: "Answer with several classes",
  heat: "Heat map on or off",
  turnLeft: "Turn left",
  turnRight: "Turn right",
  mirror: "Mirror",
  reset: "Whole wafer again",
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  panLeft: "Look further left",
  panRight: "Look further right",
  panUp: "Look further up",
  panDown: "Look further down",
  help: "Keys",
} as const;

export type Action = keyof typeof ACTIONS;
export type Keymap = Readonly<Record<Action, readonly string[]>>;

export const DEFAULT_KEYS: Keymap = {
  class1: ["1"],
  class2: ["2"],
  class3: ["3"],
  class4: ["4"],
  class5: ["5"],
  class6: ["6"],
  class7: ["7"],
  class8: ["8"],
  class9: ["9"],
  normal: ["0", "n"],
  unknown: ["u"],
  bad: ["b"],
  accept: ["Enter"],
  skip: ["s"],
  undo: ["z"],
  note: ["c"],
  several: ["m"],
  heat: ["h"],
  turnLeft: ["ArrowLeft"],
  turnRight: ["ArrowRight"],
  mirror: ["f"],
  reset: ["r"],
  zoomIn: ["ArrowUp", "+"],
  zoomOut: ["ArrowDown", "-"],
  panLeft: ["Shift+ArrowLeft"],
  panRight: ["Shift+ArrowRight"],
  panUp: ["Shift+ArrowUp"],
  panDown: ["Shift+ArrowDown"],
  help: ["?"],
};

/** Begins a stroke with Shift; only arrows have one. */
export const SHIFT = "Shift+";

export function actionOf(keymap: Keymap, stroke: string): Action | null {
  return actions().find((action) => keymap[action].includes(stroke)) ?? null;
}

/** Give a stroke to an action; whoever had it loses it, so that a stroke never means two things. */
export function withKey(keymap: Keymap, action: Action, stroke: string): Keymap {
  const others = actions().map((each) => [each, keymap[each].filter((own) => own !== stroke)] as const);
  return { ...(Object.fromEntries(others) as Record<Action, string[]>), [action]: [stroke] };
}

/** Read what was stored: an action it does not know keeps its default, unless that stroke was given away. */
export function readKeymap(stored: unknown): Keymap {
  if (typeof stored !== "object" || stored === null) return DEFAULT_KEYS;
  const own = stored as Partial<Record<string, unknown>>;
  const known = actions().filter((action) => isStrokes(own[action]));
  const taken = new Set(known.flatMap((action) => own[action] as string[]));
  const entries = actions().map((action) => {
    const strokes = known.includes(action) ? (own[action] as string[]) : DEFAULT_KEYS[action].filter((each) => !taken.has(each));
    return [action, strokes] as const;
  });
  return Object.fromEntries(entries) as Record<Action, string[]>;
}

/** Return an action's first stroke as it is printed on a button. */
export function keyCap(keymap: Keymap, action: Action): string {
  const names: Record<string, string> = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Enter: "↵", " ": "Space" };
  const [stroke] = keymap[action];
  if (stroke === undefined) return "";
  const key = stroke.replace(SHIFT, "");
  return `${key === stroke ? "" : "⇧ "}${names[key] ?? key.toUpperCase()}`;
}

function actions(): Action[] {
  return Object.keys(ACTIONS) as Action[];
}

function isStrokes(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}
