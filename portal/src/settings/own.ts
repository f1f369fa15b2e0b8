/**
 * What a person keeps for themself, views and keys: at the API, so that it is there wherever they sign in.
 *
 * The browser keeps a copy. What was changed while the API was away is sent when it is back; if something else was
 * kept from elsewhere meanwhile, views of both stay and the keys are those of here.
 */

import { useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useCallback } from "react";

import { useApi } from "../api/ApiProvider";
import type { Api } from "../api/calls";
import type { SavedView, Settings } from "../api/types";
import { readStored, store } from "../app/stored";
import { useSession } from "../auth/SessionProvider";

/** Settings as this browser has them; `unsent` counts the changes that the API has not got yet. */
export interface Own extends Settings {
  readonly unsent: number;
}

type Change = Partial<Pick<Settings, "views" | "keys" | "single_keys">>;

const NOTHING: Own = { version: 0, views: [], keys: null, single_keys: true, unsent: 0 };
const KEY = ["settings"];
const TRY_AGAIN_MS = 5_000;

/** Return the person's settings, and how to change some of them. */
export function useOwn(): [Own, (change: Change) => void] {
  const api = useApi();
  const queries = useQueryClient();
  const { user } = useSession().session;
  const { data } = useQuery({
    queryKey: KEY,
    queryFn: () => synced(api, user),
    initialData: () => kept(user),
    initialDataUpdatedAt: 0,
    refetchInterval: ({ state }) => ((state.data?.unsent ?? 0) > 0 ? TRY_AGAIN_MS : false),
  });
  const change = useCallback(
    (some: Change) => {
      const own = kept(user);
      keep(user, queries, { ...own, ...some, unsent: own.unsent + 1 });
      void queries.invalidateQueries({ queryKey: KEY });
    },
    [queries, user],
  );
  return [data, change];
}

/** Bring the API and this browser together, and return what both have now. */
export async function synced(api: Pick<Api, "settings" | "keepSettings">, user: string): Promise<Own> {
  const latest = await api.settings();
  const own = kept(user);
  const agreed = own.unsent === 0 ? latest : await api.keepSettings(own.version === latest.version ? bodyOf(own) : merged(latest, own));
  const now = kept(user);
  // What was changed in between is sent by the next call, as a change of what is there now.
  const next = { ...(now.unsent === own.unsent ? agreed : now), version: agreed.version, unsent: now.unsent - own.unsent };
  store(nameOf(user), next);
  return next;
}

/** Return the settings to keep if both sides have changed: every view, by its name, and the keys of here. */
export function merged(latest: Settings, own: Settings): Settings {
  const isOwn = (view: SavedView) => own.views.some((each) => each.screen === view.screen && each.name === view.name);
  return { ...bodyOf(own), version: latest.version, views: [...latest.views.filter((view) => !isOwn(view)), ...own.views] };
}

function bodyOf({ version, views, keys, single_keys }: Settings): Settings {
  return { version, views, keys: keys ?? null, single_keys };
}

function kept(user: string): Own {
  return readStored(nameOf(user), NOTHING);
}

function keep(user: string, queries: QueryClient, own: Own): void {
  store(nameOf(user), own);
  queries.setQueryData(KEY, own);
}

function nameOf(user: string): string {
  return `own.${user}`;
}
