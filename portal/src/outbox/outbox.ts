/** Answers -> this browser's disk -> the API, in order, until it has said yes or no to each. */

import type { Entry, EntryStore } from "./store";

/** What became of sending: taken, refused for good, or to be tried again. */
export type Outcome = { kind: "saved" } | { kind: "refused"; problem: string } | { kind: "later" };

export interface OutboxState<Work> {
  readonly waiting: readonly Entry<Work>[];
  readonly refused: readonly Entry<Work>[];
  /** How often sending failed in a row; 0 when the API is there. */
  readonly failures: number;
  /** False where this browser stores nothing, so that closing the page would lose what waits. */
  readonly durable: boolean;
}

export interface OutboxParts<Work> {
  readonly user: string;
  readonly store: EntryStore<Work>;
  /** Return which of what waits goes in the next call, the first among them. */
  readonly callOf: (waiting: readonly Entry<Work>[]) => readonly Entry<Work>[];
  /** Send the entries of one call; the outcomes come in their order. */
  readonly send: (entries: readonly Entry<Work>[]) => Promise<Outcome[]>;
  /** Return the work as what was sent since has made it; the same if nothing has. */
  readonly upToDate: (work: Work) => Work;
  readonly wait?: (ms: number) => Promise<void>;
  readonly random?: () => number;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** Full jitter below a doubling limit: clients that failed together do not return together. */
export function pauseMs(failures: number, random: number): number {
  const limit = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
  return limit * (0.5 + random / 2);
}

export class Outbox<Work> {
  private state: OutboxState<Work> = { waiting: [], refused: [], failures: 0, durable: true };
  private readonly listeners = new Set<() => void>();
  private running: Promise<void> | null = null;
  /** What the API may have got, though its yes was lost on the way. */
  private readonly attempted = new Set<string>();
  private sequence = 0;
  private closed = false;
  private wake: () => void = () => undefined;

  constructor(private readonly parts: OutboxParts<Work>) {}

  /** For useSyncExternalStore. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): OutboxState<Work> => this.state;

  /** Take up what an earlier page left behind, and begin to send. */
  async open(): Promise<void> {
    const left = await this.parts.store.all(this.parts.user).catch(() => {
      this.change({ durable: false });
      return [];
    });
    if (this.closed) return;
    const fresh = left.filter((entry) => !this.has(entry.id));
    fresh.forEach((entry) => this.attempted.add(entry.id));
    const isRefused = (entry: Entry<Work>) => entry.problem !== null;
    this.change({
      waiting: [...fresh.filter((entry) => !isRefused(entry)), ...this.state.waiting],
      refused: [...fresh.filter(isRefused), ...this.state.refused],
    });
    this.flush();
  }

  close(): void {
    this.closed = true;
    this.wake();
  }

  /** Keep an answer; it is on disk when this resolves, and is sent when the API will have it. */
  async add(id: string, work: Work): Promise<void> {
    this.sequence = Math.max(this.sequence + 1, Date.now());
    const entry: Entry<Work> = { id, user: this.parts.user, sequence: this.sequence, work: this.parts.upToDate(work), problem: null };
    this.change({ waiting: [...this.state.waiting, entry] });
    await this.keep([entry]);
    this.flush();
  }

  /** Take back what was never sent; false if the API may have it, and only the API can undo it. */
  async withdraw(id: string): Promise<boolean> {
    if (this.attempted.has(id) || !this.state.waiting.some((entry) => entry.id === id)) return false;
    this.change({ waiting: this.state.waiting.filter((entry) => entry.id !== id) });
    await this.forget(id);
    return true;
  }

  /** Tell whether an entry was refused, as soon as it no longer waits. */
  async isRefused(id: string): Promise<boolean> {
    await this.until(({ waiting }) => !waiting.some((entry) => entry.id === id));
    return this.state.refused.some((entry) => entry.id === id);
  }

  /** Forget a refused answer that a person has read about. */
  async dismiss(id: string): Promise<void> {
    this.change({ refused: this.state.refused.filter((entry) => entry.id !== id) });
    await this.forget(id);
  }

  /** Try now: the network is back, or somebody asked. */
  readonly retry = (): void => {
    this.wake();
    this.flush();
  };

  private flush(): void {
    this.running ??= this.drain().finally(() => {
      this.running = null;
      if (this.state.waiting.length > 0 && !this.closed) this.flush();
    });
  }

  private async drain(): Promise<void> {
    while (this.state.waiting.length > 0 && !this.closed) {
      const entries = this.parts.callOf(this.state.waiting);
      entries.forEach(({ id }) => this.attempted.add(id));
      const outcomes = await this.parts.send(entries).catch((): Outcome[] => []);
      await this.settle(entries.map((entry, at) => [entry, outcomes[at] ?? { kind: "later" }] as const));
    }
  }

  private async settle(outcomes: readonly (readonly [Entry<Work>, Outcome])[]): Promise<void> {
    const settled = outcomes.filter(([, { kind }]) => kind !== "later").map(([{ id }]) => id);
    const refused = outcomes.flatMap(([entry, outcome]) => (outcome.kind === "refused" ? [{ ...entry, problem: outcome.problem }] : []));
    const left = this.state.waiting.filter(({ id }) => !settled.includes(id));
    const waiting = left.map((entry) => {
      const work = this.parts.upToDate(entry.work);
      return work === entry.work ? entry : { ...entry, work };
    });
    const failures = settled.length < outcomes.length ? this.state.failures + 1 : 0;
    this.change({ waiting, failures, refused: [...this.state.refused, ...refused] });
    // What waits is on disk as the API now wants it before what it followed is forgotten.
    await this.keep([...waiting.filter((entry) => !left.includes(entry)), ...refused]);
    await Promise.all(outcomes.filter(([, { kind }]) => kind === "saved").map(([{ id }]) => this.forget(id)));
    if (failures > 0) await this.pause(pauseMs(failures, (this.parts.random ?? Math.random)()));
  }

  private async pause(ms: number): Promise<void> {
    const wait = this.parts.wait ?? ((time: number) => new Promise<void>((resolve) => setTimeout(resolve, time)));
    await Promise.race([wait(ms), new Promise<void>((resolve) => (this.wake = resolve))]);
  }

  private async keep(entries: readonly Entry<Work>[]): Promise<void> {
    await Promise.all(entries.map((entry) => this.parts.store.put(entry))).catch(() => this.change({ durable: false }));
  }

  private async forget(id: string): Promise<void> {
    await this.parts.store.remove(id).catch(() => this.change({ durable: false }));
  }

  private until(isSo: (state: OutboxState<Work>) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!isSo(this.state)) return;
        stop();
        resolve();
      };
      const stop = this.subscribe(look);
      look();
    });
  }

  private has(id: string): boolean {
    return [...this.state.waiting, ...this.state.refused].some((entry) => entry.id === id);
  }

  private change(part: Partial<OutboxState<Work>>): void {
    this.state = { ...this.state, ...part };
    this.listeners.forEach((listener) => {
      listener();
    });
  }
}
