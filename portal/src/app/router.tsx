import { createBrowserRouter, Navigate, Outlet, useRouteError, type RouteObject } from "react-router";

import { ApiProvider } from "../api/ApiProvider";
import type { Config } from "../auth/config";
import { SessionProvider } from "../auth/SessionProvider";
import { CALLBACK, type SignIn } from "../auth/signIn";
import { KeysProvider } from "../keys/KeysProvider";
import { OutboxProvider } from "../outbox/OutboxProvider";
import { Empty, Failure, Waiting } from "./Answers";
import { PersonProvider, usePerson } from "./PersonProvider";
import { mayGo, PLACES, placesFor, withFab, type Place } from "./places";
import { Shell } from "./Shell";

export function routerFor(config: Config, signIn: SignIn) {
  return createBrowserRouter(routesFor(config, signIn));
}

export function routesFor(config: Config, signIn: SignIn): RouteObject[] {
  const root = (
    <SessionProvider signIn={signIn}>
      <ApiProvider base={config.api}>
        <OutboxProvider>
          <PersonProvider>
            <KeysProvider>
              <Shell />
            </KeysProvider>
          </PersonProvider>
        </OutboxProvider>
      </ApiProvider>
    </SessionProvider>
  );
  return [
    {
      path: "/",
      element: root,
      errorElement: <Broken />,
      hydrateFallbackElement: <Waiting what="the portal" />,
      children: [
        { index: true, element: <Home /> },
        { path: CALLBACK, element: <Back signIn={signIn} /> },
        screen(PLACES.queue, async () => (await import("../queue/QueueScreen")).QueueScreen),
        screen(PLACES.gallery, async () => (await import("../gallery/GalleryScreen")).GalleryScreen),
        screen(PLACES.wafers, async () => (await import("../search/SearchScreen")).SearchScreen),
        screen(PLACES.wafer, async () => (await import("../detail/DetailScreen")).DetailScreen),
        screen(PLACES.lots, async () => (await import("../lot/LotScreen")).LotScreen),
        screen(PLACES.quality, async () => (await import("../quality/QualityScreen")).QualityScreen),
        screen(PLACES.audit, async () => (await import("../audit/AuditScreen")).AuditScreen),
        screen(PLACES.labels, async () => (await import("../labels/LabelsScreen")).LabelsScreen),
        screen(PLACES.settings, async () => (await import("../settings/SettingsScreen")).SettingsScreen),
        screen(PLACES.models, async () => (await import("../models/ModelsScreen")).ModelsScreen),
        screen(PLACES.model, async () => (await import("../models/ModelScreen")).ModelScreen),
        screen(PLACES.rollouts, async () => (await import("../rollouts/RolloutsScreen")).RolloutsScreen),
        screen(PLACES.training, async () => (await import("../training/TrainingScreen")).TrainingScreen),
        screen(PLACES.fleet, async () => (await import("../fleet/FleetScreen")).FleetScreen),
        screen(PLACES.drift, async () => (await import("../drift/DriftScreen")).DriftScreen),
        { path: "*", element: <Empty title="There is no such page" /> },
      ],
    },
  ];
}

/** A screen is loaded when it is first gone to; one whose role is missing says so instead. */
function screen(place: Place, load: () => Promise<React.ComponentType>): RouteObject {
  return {
    path: place.path,
    element: <Gate place={place} />,
    errorElement: <Broken />,
    children: [{ index: true, lazy: async () => ({ Component: await load() }) }],
  };
}

function Gate({ place }: { place: Place }) {
  const { me } = usePerson();
  if (mayGo(place, me.roles)) return <Outlet />;
  return <Empty title="This is not for your role">{`${place.title} is for: ${place.roles.join(", ")}. You are: ${me.roles.join(", ") || "nobody yet"}.`}</Empty>;
}

function Home() {
  const { me, fab } = usePerson();
  const [first] = placesFor(me.roles);
  return <Navigate to={withFab(first?.path ?? PLACES.labels.path, fab)} replace />;
}

/** From the hosted page back to where the person was. */
function Back({ signIn }: { signIn: SignIn }) {
  return <Navigate to={signIn.cameFrom()} replace />;
}

function Broken() {
  return <Failure error={useRouteError()} onRetry={() => window.location.reload()} />;
}
