import TopNavigation, { type TopNavigationProps } from "@cloudscape-design/components/top-navigation";
import { useState } from "react";
import { useMatch, useNavigate } from "react-router";

import { useSession } from "../auth/SessionProvider";
import { useOutbox, useOutboxState } from "../outbox/OutboxProvider";
import { usePerson } from "./PersonProvider";
import { PLACES, withFab } from "./places";
import { SigningOut } from "./SigningOut";
import { counted } from "./words";

/** Always in sight: whether all is saved, which fab, who. */
export function TopBar() {
  const { me, catalogue, fab, chooseFab } = usePerson();
  const { session } = useSession();
  const [leaving, setLeaving] = useState(false);
  const navigate = useNavigate();
  const onWafer = useMatch(PLACES.wafer.path) !== null;
  const fabs = catalogue.fabs.map((each) => each.fab);
  const utilities: TopNavigationProps.Utility[] = [
    useSaving(),
    {
      type: "menu-dropdown",
      text: `Fab: ${fab}`,
      ariaLabel: `Fab ${fab}. Choose another.`,
      items: fabs.map((each) => ({ id: each, text: each, disabled: each === fab })),
      // A wafer is of one fab: another fab is looked at from its first screen.
      onItemClick: ({ detail }) => (onWafer ? void navigate(withFab("/", detail.id)) : chooseFab(detail.id)),
    },
    {
      type: "menu-dropdown",
      text: me.name,
      description: [session.email, me.roles.join(", ")].filter(Boolean).join(" · "),
      iconName: "user-profile",
      items: [{ id: "out", text: "Sign out" }],
      onItemClick: () => setLeaving(true),
    },
  ];
  const onHome = (event: CustomEvent) => {
    event.preventDefault();
    void navigate("/");
  };
  return (
    <div id="top-navigation">
      <TopNavigation identity={{ href: "/", title: "FabWafer", onFollow: onHome }} utilities={utilities} />
      {leaving && <SigningOut onClose={() => setLeaving(false)} />}
    </div>
  );
}

/** Saved or not; pressing it tries again. */
function useSaving(): TopNavigationProps.Utility {
  const { retry } = useOutbox();
  const { waiting, failures, durable } = useOutboxState();
  const many = counted(waiting.length, "answer");
  const kept = durable ? "kept in this browser" : "kept only while this page is open";
  const text = waiting.length === 0 ? "All saved" : failures > 0 ? `${many} not saved yet` : `Saving ${many}`;
  return {
    type: "button",
    text,
    iconName: waiting.length === 0 ? "status-positive" : failures > 0 ? "status-warning" : "status-in-progress",
    ariaLabel: waiting.length === 0 ? text : `${text}, ${kept}. Try now.`,
    disableTextCollapse: true,
    onClick: retry,
  };
}
