/** The label book's text fields -> what the API keeps. */

import type { LabelView } from "../api/types";

export interface ReadNeighbours {
  readonly neighbours: LabelView["neighbours"];
  /** What is wrong with the text, null if nothing is. */
  readonly wrong: string | null;
}

/** Read lines of `Edge-Loc: touches the rim`. */
export function neighboursOf(text: string, known: readonly string[]): ReadNeighbours {
  const lines = linesOf(text).map((line) => {
    const [label = "", ...rest] = line.split(":");
    return { label: label.trim(), difference: rest.join(":").trim() };
  });
  const unknown = lines.find(({ label }) => !known.includes(label));
  const silent = lines.find(({ difference }) => difference === "");
  if (unknown) return { neighbours: lines, wrong: `“${unknown.label}” is none of ${known.join(", ")}` };
  return { neighbours: lines, wrong: silent ? `What tells ${silent.label} apart is missing` : null };
}

/** Read wafers, one a line; a whole address, as the wafer's screen has it, will do. */
export function examplesOf(text: string): string[] {
  return linesOf(text).map(waferIn);
}

/** Return what an address' path ends in, or the line itself where it is no address. */
function waferIn(line: string): string {
  try {
    const { pathname } = new URL(line, window.location.origin);
    return decodeURIComponent(pathname.split("/").findLast(Boolean) ?? line);
  } catch {
    return line;
  }
}

function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}
