/** Where unsent answers survive a reload, a crash and a flat battery: one IndexedDB for all users of this browser. */

import { openDB, type IDBPDatabase } from "idb";

export interface Entry<Work> {
  readonly id: string;
  readonly user: string;
  /** Orders the entries of one browser: what was answered first is sent first. */
  readonly sequence: number;
  readonly work: Work;
  /** Why the API will not have it; null while it waits to be sent. */
  readonly problem: string | null;
}

export interface EntryStore<Work> {
  all(user: string): Promise<Entry<Work>[]>;
  put(entry: Entry<Work>): Promise<void>;
  remove(id: string): Promise<void>;
}

const STORE = "entries";

export function indexedDbStore<Work>(name = "fabwafer-outbox"): EntryStore<Work> {
  let opened: Promise<IDBPDatabase> | undefined;
  const database = () =>
    (opened ??= openDB(name, 1, {
      upgrade: (created) => {
        created.createObjectStore(STORE, { keyPath: "id" }).createIndex("user", "user");
      },
      blocking: (_current, _blocked, event) => {
        (event.target as IDBDatabase).close();
        opened = undefined;
      },
    }));
  return {
    all: async (user) => {
      const entries = (await (await database()).getAllFromIndex(STORE, "user", user)) as Entry<Work>[];
      return entries.sort((a, b) => a.sequence - b.sequence);
    },
    put: async (entry) => {
      await (await database()).put(STORE, entry);
    },
    remove: async (id) => (await database()).delete(STORE, id),
  };
}
