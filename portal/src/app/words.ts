/** How wafers, answers, times and shares are said. */

import type { AnswerView, WaferIdentity } from "../api/types";

/** Return which wafer it is and nothing else of what was known about it. */
export function identityOf({ item, fab, camera, timestamp, lot, wafer }: WaferIdentity): WaferIdentity {
  return { item, fab, camera, timestamp, lot: lot ?? null, wafer: wafer ?? null };
}

export function nameOf({ item, lot, wafer }: WaferIdentity): string {
  if (lot != null && wafer != null) return `wafer ${wafer} of ${lot}`;
  return item.slice(0, item.lastIndexOf("~"));
}

export function wordsOf({ verdict, labels }: Pick<AnswerView, "verdict"> & { readonly labels?: readonly string[] | undefined }): string {
  if (verdict === "unknown") return "Unknown pattern";
  if (verdict === "bad_image") return "Bad image";
  return (labels ?? []).map(labelWords).join(" + ");
}

/** A label as it is shown: the normal one is no name of a pattern. */
export function labelWords(label: string): string {
  return label === "none" ? "No pattern" : label;
}

export const REASONS: Readonly<Record<string, string>> = {
  doubtful: "The model is unsure",
  novel: "Unlike anything in the training data",
  audit: "Random audit sample",
  suspected: "The model is suspected to have got worse",
  refused: "No picture of a wafer",
  diverse: "Picked to cover what cameras see",
};

export const STATES = { open: "Open", second: "Second reader", disputed: "Disputed", settled: "Settled" } as const;

export const ACTS = {
  answer: "Answered",
  adjudicate: "Adjudicated",
  check: "Answered (check)",
  undo: "Took back",
  send_back: "Sent back",
} as const;

export function percent(share: number | null | undefined, digits = 0): string {
  return share == null ? "–" : `${(share * 100).toFixed(digits)} %`;
}

export function moment(ms: number): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(ms);
}

/** Return how many there are of what has a plural in s: "1 answer", "14 answers". */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

/** Return how long ago something was, in its largest unit: "3 hours". */
export function age(ms: number, now = Date.now()): string {
  for (const [unit, length] of UNITS) {
    const count = Math.floor((now - ms) / length);
    if (count >= 1) return counted(count, unit);
  }
  return "less than a minute";
}

export function dollars(amount: number | null | undefined): string {
  return amount == null ? "–" : `${amount.toFixed(2)} $`;
}

/** Return a size in its largest unit of a thousand: "1.4 GB". */
export function size(bytes: number | null | undefined): string {
  if (bytes == null) return "–";
  const power = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return power === 0 ? `${bytes} B` : `${(bytes / 1000 ** power).toFixed(1)} ${["", "k", "M", "G", "T"][power] ?? ""}B`;
}

/** Return a change of a share in percent points, with its sign: "+1.2 points". */
export function points(change: number): string {
  const shown = Math.round(change * 1000) / 10;
  return `${shown < 0 ? "−" : "+"}${Math.abs(shown).toFixed(1)} points`;
}

export function newId(): string {
  return crypto.randomUUID();
}
