/** Who may sign in to the made-up cloud; any password will do but "wrong". */

export interface FakePerson {
  readonly name: string;
  readonly groups: readonly string[];
}

export const PEOPLE: readonly FakePerson[] = [
  { name: "rita", groups: ["reviewer", "fab:faba"] },
  { name: "erin", groups: ["engineer", "fab:faba", "fab:fabb"] },
  { name: "ada", groups: ["reviewer", "engineer", "admin", "fab:*"] },
];

const HOUR_S = 3600;

/** A token that nobody signed. */
export function tokenFor(person: FakePerson, nowMs = Date.now()): string {
  const claims = { "cognito:username": person.name, email: `${person.name}@example.com`, "cognito:groups": person.groups, exp: Math.round(nowMs / 1000) + HOUR_S };
  const encoded = (value: object) => btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `${encoded({ alg: "none" })}.${encoded(claims)}.`;
}

/** Return who sends a request; null for a token that is none. */
export function callerOf(request: Request): FakePerson | null {
  const payload = request.headers.get("Authorization")?.split(".")[1];
  if (!payload) return null;
  const claims = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))) as Record<string, unknown>;
  return PEOPLE.find(({ name }) => name === claims["cognito:username"]) ?? null;
}

export function sees(person: FakePerson, fab: string): boolean {
  return person.groups.includes("fab:*") || person.groups.includes(`fab:${fab}`);
}
