/** Which wafers of a gallery are chosen; no more than one bulk answer may carry. */

export interface Selection {
  readonly chosen: readonly string[];
  /** The wafer pressed last: a range begins there. */
  readonly anchor: string | null;
}

export const NOTHING_CHOSEN: Selection = { chosen: [], anchor: null };

/** Choose or leave one; with `range`, choose all between the last one and this. */
export function pressed(selection: Selection, item: string, all: readonly string[], range: boolean, most: number): Selection {
  const from = all.indexOf(selection.anchor ?? "");
  const to = all.indexOf(item);
  if (range && from >= 0 && to >= 0) {
    const between = all.slice(Math.min(from, to), Math.max(from, to) + 1);
    return { chosen: [...new Set([...selection.chosen, ...between])].slice(0, most), anchor: item };
  }
  const chosen = selection.chosen.includes(item) ? selection.chosen.filter((each) => each !== item) : [...selection.chosen, item].slice(0, most);
  return { chosen, anchor: item };
}
