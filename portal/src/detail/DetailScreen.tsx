import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Navigate, useLocation, useParams } from "react-router";

import { useApi } from "../api/ApiProvider";
import type { WaferDetail } from "../api/types";
import { Answer } from "../app/Answers";
import { PlaceLink } from "../app/PlaceLink";
import { lotPath, withFab } from "../app/places";
import { usePerson } from "../app/PersonProvider";
import { moment, nameOf } from "../app/words";
import { Viewer } from "../wafer/Viewer";
import { ChainBox } from "./ChainBox";
import { History } from "./History";
import { Neighbours } from "./Neighbours";
import { ReviewBox } from "./ReviewBox";
import { WhyBox } from "./WhyBox";

/** All about one wafer: what was seen, what was decided, why, and who said what since. */
export function DetailScreen() {
  const { item = "" } = useParams();
  const api = useApi();
  const query = useQuery({ queryKey: ["wafer", item], queryFn: () => api.wafer(item) });
  return (
    <Answer query={query} what="the wafer">
      {(wafer) => (
        <OfItsFab fab={wafer.fab}>
          <Detail key={wafer.item} wafer={wafer} />
        </OfItsFab>
      )}
    </Answer>
  );
}

/** A wafer is of one fab, whatever its address says: links that go on from here stay in it. */
function OfItsFab({ fab, children }: { fab: string; children: ReactNode }) {
  const { fab: worked } = usePerson();
  const { pathname } = useLocation();
  if (fab === worked) return children;
  return <Navigate to={withFab(pathname, fab)} replace />;
}

function Detail({ wafer }: { wafer: WaferDetail }) {
  const name = nameOf(wafer);
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={`${wafer.fab} · ${wafer.camera} · ${moment(wafer.timestamp)}`} actions={wafer.lot && <Neighbours wafer={wafer} lot={wafer.lot} />}>
          {name.charAt(0).toUpperCase() + name.slice(1)}
        </Header>
      }
    >
      <div className="desk">
        <Container>
          <Viewer pictured={wafer} name={name} heat={wafer.model_answer?.heat} />
        </Container>
        <SpaceBetween size="l">
          <WhyBox wafer={wafer} />
          {wafer.review && <ReviewBox wafer={wafer} review={wafer.review} />}
        </SpaceBetween>
        <div className="desk-wide">
          <SpaceBetween size="l">
            {wafer.review && <History review={wafer.review} />}
            <ChainBox item={wafer.item} />
            <ExpandableSection variant="container" headerText="As it was recorded">
              <Recorded wafer={wafer} />
            </ExpandableSection>
          </SpaceBetween>
        </div>
      </div>
    </ContentLayout>
  );
}

function Recorded({ wafer }: { wafer: WaferDetail }) {
  const none = "–";
  return (
    <KeyValuePairs
      columns={4}
      items={[
        { label: "Image", value: wafer.item.slice(0, wafer.item.lastIndexOf("~")) },
        { label: "Lot", value: wafer.lot ? <PlaceLink to={lotPath(wafer.fab, wafer.lot)}>{wafer.lot}</PlaceLink> : none },
        { label: "Received", value: wafer.received_ms == null ? none : moment(wafer.received_ms) },
        { label: "Number of its camera", value: wafer.sequence ?? none },
        { label: "Time on the edge", value: wafer.edge_ms == null ? none : `${wafer.edge_ms.toFixed(1)} ms` },
        { label: "Model", value: wafer.model_answer?.model ?? none },
        { label: "SHA-256 of the picture", value: <span className="hash">{wafer.sha256 ?? none}</span> },
      ]}
    />
  );
}
