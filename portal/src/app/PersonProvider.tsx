import { useQuery } from "@tanstack/react-query";
import { createContext, useCallback, useContext, useEffect, useMemo, type ReactNode } from "react";
import { useSearchParams } from "react-router";

import { useApi } from "../api/ApiProvider";
import type { Catalogue, Me } from "../api/types";
import { Failure, Waiting } from "./Answers";
import { readStored, store } from "./stored";

interface Person {
  readonly me: Me;
  readonly catalogue: Catalogue;
  /** The fab that is worked in: the address' own, else the last one, else the first. */
  readonly fab: string;
  readonly chooseFab: (fab: string) => void;
}

const PersonContext = createContext<Person | null>(null);

export function usePerson(): Person {
  const person = useContext(PersonContext);
  if (!person) throw new Error("usePerson: expected inside a PersonProvider");
  return person;
}

/** Who is signed in and which fab they look at; shows its children once the API has said so. */
export function PersonProvider({ children }: { children: ReactNode }) {
  const api = useApi();
  const me = useQuery({ queryKey: ["me"], queryFn: api.me, staleTime: Infinity });
  const catalogue = useQuery({ queryKey: ["catalogue"], queryFn: api.catalogue });
  const [address, setAddress] = useSearchParams();
  const chooseFab = useCallback((fab: string) => setAddress({ fab }), [setAddress]);
  const named = address.get("fab");
  const known = catalogue.data?.fabs.some(({ fab }) => fab === named) === true;
  useEffect(() => {
    if (known) store("fab", named);
  }, [known, named]);
  const person = useMemo(() => {
    if (!me.data || !catalogue.data) return null;
    const fabs = catalogue.data.fabs.map((each) => each.fab);
    const last = readStored("fab", "");
    const fab = named ?? (fabs.includes(last) ? last : (fabs[0] ?? ""));
    return { me: me.data, catalogue: catalogue.data, fab, chooseFab };
  }, [me.data, catalogue.data, named, chooseFab]);
  if (person) return <PersonContext value={person}>{children}</PersonContext>;
  const failed = [me, catalogue].find((query) => query.isError);
  if (failed) return <Failure error={failed.error} onRetry={() => void failed.refetch()} />;
  return <Waiting what="your fabs" />;
}
