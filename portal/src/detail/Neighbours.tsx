import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "react-router";

import { useApi } from "../api/ApiProvider";
import type { WaferDetail } from "../api/types";
import { usePerson } from "../app/PersonProvider";
import { lotPath, mayGo, PLACES, waferPath } from "../app/places";

/** To the wafers before and after in the lot, and to the lot itself. */
export function Neighbours({ wafer, lot }: { wafer: WaferDetail; lot: string }) {
  const { me } = usePerson();
  const api = useApi();
  const navigate = useNavigate();
  const looks = mayGo(PLACES.lots, me.roles);
  const { data } = useQuery({ queryKey: ["lot", wafer.fab, lot], queryFn: () => api.lot(wafer.fab, lot), enabled: looks });
  if (!looks) return null;
  const ordered = [...(data?.wafers ?? [])].sort((a, b) => (a.wafer ?? 0) - (b.wafer ?? 0) || a.timestamp - b.timestamp);
  const at = ordered.findIndex(({ item }) => item === wafer.item);
  const before = at > 0 ? ordered[at - 1] : undefined;
  const after = at >= 0 ? ordered[at + 1] : undefined;
  const go = (to: string) => () => void navigate(to);
  return (
    <SpaceBetween size="xs" direction="horizontal">
      <Button iconName="angle-left" disabled={!before} onClick={before ? go(waferPath(before)) : () => undefined}>
        Previous
      </Button>
      <Button iconName="angle-right" iconAlign="right" disabled={!after} onClick={after ? go(waferPath(after)) : () => undefined}>
        Next
      </Button>
      <Button onClick={go(lotPath(wafer.fab, lot))}>Lot {lot}</Button>
    </SpaceBetween>
  );
}
