import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import { useQuery } from "@tanstack/react-query";
import { useState, type SyntheticEvent } from "react";

import { useApi } from "../api/ApiProvider";
import { Answer, Empty } from "../app/Answers";
import { usePerson } from "../app/PersonProvider";
import { PlaceLink } from "../app/PlaceLink";
import { lotPath } from "../app/places";
import { useUrlState } from "../app/useUrlState";
import { Lot } from "./Lot";

/** All wafers of one lot; without a lot in the address, the way to one. */
export function LotScreen() {
  const { fab } = usePerson();
  const api = useApi();
  const [params, change] = useUrlState();
  const lot = params.get("lot") ?? "";
  const query = useQuery({ queryKey: ["lot", fab, lot], queryFn: () => api.lot(fab, lot), enabled: lot !== "" });
  return (
    <ContentLayout header={<Header variant="h1" description="All wafers of a lot, and where they fail together.">{lot === "" ? "Lots" : `Lot ${lot}`}</Header>}>
      <Container>
        <Finder key={lot} lot={lot} onFind={(wanted) => change({ fab, lot: wanted })} />
      </Container>
      <div className="below">
        {lot === "" && <RecentLots fab={fab} />}
        {lot !== "" && (
          <Answer query={query} what="the lot">
            {({ wafers }) => (wafers.length === 0 ? <Empty title="There is no such lot">{`${fab} has no wafer of a lot named ${lot}.`}</Empty> : <Lot wafers={wafers} />)}
          </Answer>
        )}
      </div>
    </ContentLayout>
  );
}

function Finder({ lot, onFind }: { lot: string; onFind: (lot: string) => void }) {
  const [wanted, setWanted] = useState(lot);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    onFind(wanted.trim());
  };
  return (
    <form onSubmit={submit}>
      <FormField label="Lot" secondaryControl={<Button formAction="submit">Show</Button>}>
        <Input value={wanted} placeholder="Its name, as the camera sends it" onChange={({ detail }) => setWanted(detail.value)} />
      </FormField>
    </form>
  );
}

const RECENT = 100;

/** The lots that came last, from the newest wafers. */
function RecentLots({ fab }: { fab: string }) {
  const api = useApi();
  const query = useQuery({ queryKey: ["recent", fab], queryFn: () => api.wafers({ fab, limit: RECENT }, null) });
  return (
    <Answer query={query} what="recent lots">
      {({ wafers }) => {
        const lots = [...new Set(wafers.flatMap(({ lot }) => lot ?? []))];
        if (lots.length === 0) return <Empty title="No lot came lately" />;
        return (
          <Container header={<Header variant="h2">Came lately</Header>}>
            <ul className="plain-list">
              {lots.map((lot) => (
                <li key={lot}>
                  <PlaceLink to={lotPath(fab, lot)}>{lot}</PlaceLink> <span className="quiet">{wafers.filter((wafer) => wafer.lot === lot).length} wafers</span>
                </li>
              ))}
            </ul>
          </Container>
        );
      }}
    </Answer>
  );
}
