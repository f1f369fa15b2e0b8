/** The screens: where they are and whose they are. */

export type Role = "reviewer" | "engineer" | "admin";

export interface Place {
  readonly path: string;
  readonly title: string;
  readonly roles: readonly Role[];
  /** Of models and machines rather than of wafers: listed by itself. */
  readonly loop?: true;
}

const EVERYBODY: readonly Role[] = ["reviewer", "engineer", "admin"];
const LOOKERS: readonly Role[] = ["engineer", "admin"];

export const PLACES = {
  queue: { path: "/queue", title: "Queue", roles: EVERYBODY },
  gallery: { path: "/gallery", title: "Gallery", roles: EVERYBODY },
  wafers: { path: "/wafers", title: "Wafers", roles: LOOKERS },
  wafer: { path: "/wafers/:item", title: "Wafer", roles: EVERYBODY },
  lots: { path: "/lots", title: "Lots", roles: LOOKERS },
  quality: { path: "/quality", title: "Quality", roles: LOOKERS },
  audit: { path: "/audit", title: "Audit and export", roles: LOOKERS },
  labels: { path: "/labels", title: "Labels", roles: EVERYBODY },
  settings: { path: "/settings", title: "Settings", roles: EVERYBODY },
  models: { path: "/models", title: "Models", roles: LOOKERS, loop: true },
  model: { path: "/models/:model", title: "Model", roles: LOOKERS, loop: true },
  rollouts: { path: "/rollouts", title: "Rollouts", roles: LOOKERS, loop: true },
  training: { path: "/training", title: "Training", roles: LOOKERS, loop: true },
  fleet: { path: "/fleet", title: "Fleet", roles: LOOKERS, loop: true },
  drift: { path: "/drift", title: "Drift", roles: LOOKERS, loop: true },
} as const satisfies Record<string, Place>;

export function placesFor(roles: readonly string[]): Place[] {
  return Object.values<Place>(PLACES).filter((place) => !place.path.includes(":") && mayGo(place, roles));
}

export function mayGo(place: Place, roles: readonly string[]): boolean {
  return place.roles.some((role) => roles.includes(role));
}

/** Return an address with the fab that it is looked at from, so that it means the same to everybody; one that names its own keeps it. */
export function withFab(path: string, fab: string): string {
  const [place = "", query = ""] = path.split("?");
  const params = new URLSearchParams(query);
  if (!params.has("fab")) params.set("fab", fab);
  return `${place}?${params.toString()}`;
}

/** Return the address of a wafer, in its own fab where that is known. */
export function waferPath({ item, fab }: { readonly item: string; readonly fab?: string }): string {
  const path = `/wafers/${encodeURIComponent(item)}`;
  return fab === undefined ? path : withFab(path, fab);
}

export function lotPath(fab: string, lot: string): string {
  return `/lots?${new URLSearchParams({ fab, lot }).toString()}`;
}

export function modelPath(model: string): string {
  return `/models/${encodeURIComponent(model)}`;
}

export function rolloutPath(rollout: string): string {
  return `/rollouts?${new URLSearchParams({ rollout }).toString()}`;
}

export function trainingPath(training: string): string {
  return `/training?${new URLSearchParams({ training }).toString()}`;
}
