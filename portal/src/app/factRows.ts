/** Figures of any shape, as the loop keeps them -> rows of words. */

export type Fact = readonly [name: string, value: string];

const MOST_DIGITS = 4;

/** Return one row a figure; what is nested is named by its path, what is empty is left out. */
export function factsOf(figures: unknown, path: readonly string[] = []): Fact[] {
  if (Array.isArray(figures) && figures.every((each) => typeof each !== "object")) return figures.length === 0 ? [] : [[nameOf(path), figures.map(valueOf).join(", ")]];
  if (figures !== null && typeof figures === "object") return Object.entries(figures).flatMap(([name, value]) => factsOf(value, [...path, name]));
  return [[nameOf(path), valueOf(figures)]];
}

function nameOf(path: readonly string[]): string {
  const words = path.join(", ").replaceAll("_", " ").trim();
  return words === "" ? "Figure" : words.charAt(0).toUpperCase() + words.slice(1);
}

function valueOf(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(MOST_DIGITS)));
  return typeof value === "string" ? value : JSON.stringify(value);
}
