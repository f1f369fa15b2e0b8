import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

import { useSession } from "../auth/SessionProvider";
import { callsOf, type Api } from "./calls";
import { clientOf, isPassing } from "./client";

const ApiContext = createContext<Api | null>(null);

export function useApi(): Api {
  const api = useContext(ApiContext);
  if (!api) throw new Error("useApi: expected inside an ApiProvider");
  return api;
}

const TRIES = 3;

function queryClientOf(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        networkMode: "always",
        retry: (failures, error) => failures < TRIES - 1 && isPassing(error),
      },
      mutations: { networkMode: "always" },
    },
  });
}

/** What is fetched belongs to who is signed in: another person starts with nothing. */
export function ApiProvider({ base, children }: { base: string; children: ReactNode }) {
  const { tokens } = useSession();
  const api = useMemo(() => callsOf(clientOf(base, tokens)), [base, tokens]);
  const [queries] = useState(queryClientOf);
  useEffect(() => () => queries.clear(), [queries]);
  return (
    <QueryClientProvider client={queries}>
      <ApiContext value={api}>{children}</ApiContext>
    </QueryClientProvider>
  );
}
