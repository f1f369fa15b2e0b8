import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiProvider";
import { PlaceLink } from "../app/PlaceLink";
import { waferPath } from "../app/places";
import { Thumbnail } from "../wafer/Thumbnail";

/** A wafer that shows what a class looks like; one of another fab, or gone, is left out. */
export function Example({ item, label }: { item: string; label: string }) {
  const api = useApi();
  const { data: picture } = useQuery({ queryKey: ["picture-address", item], queryFn: () => api.picture(item), retry: false });
  if (!picture) return null;
  return (
    <li>
      <Thumbnail pictured={{ item, picture }} name={`an example of ${label}`} />
      <PlaceLink to={waferPath({ item })} ariaLabel={`Details of an example of ${label}`}>
        Details
      </PlaceLink>
    </li>
  );
}
