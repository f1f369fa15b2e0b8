import AppLayout from "@cloudscape-design/components/app-layout";
import SideNavigation, { type SideNavigationProps } from "@cloudscape-design/components/side-navigation";
import { memo, Suspense, useState } from "react";
import { Outlet, useLocation, useNavigate } from "react-router";

import { RefusedAnswers } from "../outbox/RefusedAnswers";
import { Waiting } from "./Answers";
import { usePerson } from "./PersonProvider";
import { placesFor, withFab, type Place } from "./places";
import { readStored, store } from "./stored";
import { TopBar } from "./TopBar";

/** The wide screen's default; below, the navigation covers what is looked at. */
const WIDE_FROM = 1000;

export function Shell() {
  const [open, setOpen] = useState(() => readStored<boolean>("navigation", true) && window.innerWidth >= WIDE_FROM);
  return (
    <>
      <TopBar />
      <AppLayout
        headerSelector="#top-navigation"
        toolsHide
        ariaLabels={{ navigation: "Screens", navigationToggle: "Show the screens", navigationClose: "Hide the screens", notifications: "Answers that were not kept" }}
        navigationOpen={open}
        onNavigationChange={({ detail }) => {
          store("navigation", detail.open);
          setOpen(detail.open);
        }}
        navigation={<Places />}
        notifications={<RefusedAnswers />}
        content={<Content />}
      />
    </>
  );
}

function Places() {
  const { me, fab } = usePerson();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const places = placesFor(me.roles);
  const active = places.find((place) => pathname.startsWith(place.path));
  const linkTo = (place: Place): SideNavigationProps.Link => ({ type: "link", text: place.title, href: withFab(place.path, fab) });
  const loop = places.filter((place) => place.loop).map(linkTo);
  return (
    <SideNavigation
      activeHref={active ? withFab(active.path, fab) : ""}
      items={[...places.filter((place) => !place.loop).map(linkTo), ...(loop.length > 0 ? [{ type: "divider" } as const, ...loop] : [])]}
      onFollow={(event) => {
        event.preventDefault();
        void navigate(event.detail.href);
      }}
    />
  );
}

const Content = memo(function Content() {
  return (
    <Suspense fallback={<Waiting what="the screen" />}>
      <Outlet />
    </Suspense>
  );
});
