import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiProvider";
import type { DeviceView, Fleet } from "../api/types";
import { Answer, Empty } from "../app/Answers";
import { Choose } from "../app/Choose";
import { usePerson } from "../app/PersonProvider";
import { PlaceLink } from "../app/PlaceLink";
import { modelPath, rolloutPath } from "../app/places";
import { useUrlState } from "../app/useUrlState";
import { attentionOf } from "./attention";
import { columns } from "./columns";

const LOOK_AGAIN_MS = 15_000;

const SHOWN = [
  ["", "All cameras"],
  ["attention", "Those that need attention"],
  ["other", "Those with another model than the one in use"],
] as const;

/** The cameras of a fab: what they run and how they are. */
export function FleetScreen() {
  const { fab } = usePerson();
  const api = useApi();
  const query = useQuery({ queryKey: ["fleet", fab], queryFn: () => api.fleet(fab), refetchInterval: LOOK_AGAIN_MS });
  return (
    <ContentLayout header={<Header variant="h1" description="Every camera as its last heartbeat tells: what it runs, what waits on it, how it is.">Fleet</Header>}>
      <Answer query={query} what="the cameras">
        {(fleet) => <Devices fleet={fleet} />}
      </Answer>
    </ContentLayout>
  );
}

function Devices({ fleet }: { fleet: Fleet }) {
  const [params, change] = useUrlState();
  const show = params.get("show") ?? "";
  const unwell = fleet.devices.filter((device) => attentionOf(device).length > 0);
  const other = fleet.devices.filter((device) => isOther(device, fleet));
  const listed = show === "attention" ? unwell : show === "other" ? other : fleet.devices;
  return (
    <SpaceBetween size="l">
      <KeyValuePairs
        columns={4}
        items={[
          { label: "Cameras", value: fleet.devices.length },
          { label: "Need attention", value: unwell.length },
          { label: "Model in use", value: fleet.current ? <PlaceLink to={modelPath(fleet.current)}>{fleet.current}</PlaceLink> : "not registered yet" },
          { label: "Rollout under way", value: fleet.rollout ? <PlaceLink to={rolloutPath(fleet.rollout)}>{fleet.rollout}</PlaceLink> : "none" },
        ]}
      />
      <Table
        header={
          <Header variant="h2" counter={`(${listed.length})`}>
            Cameras
          </Header>
        }
        filter={<Choose label="Show" value={show} options={SHOWN} onChange={(value) => change({ show: value })} />}
        items={listed}
        trackBy="camera"
        columnDefinitions={columns(fleet.current ?? null)}
        wrapLines
        stickyHeader
        empty={
          fleet.devices.length === 0 ? (
            <Empty title="No camera yet">A camera is listed from its first heartbeat on.</Empty>
          ) : (
            <Empty title="No camera matches">Show all cameras to see those that are well.</Empty>
          )
        }
      />
    </SpaceBetween>
  );
}

function isOther({ model }: DeviceView, { current }: Fleet): boolean {
  return current != null && model !== current;
}
