/** Account, role, region, light or dark. */
import TopNavigation, { type TopNavigationProps } from "@cloudscape-design/components/top-navigation";
import { useState } from "react";
import { context } from "@/client/call";
import { queries } from "@/client/query";
import { chooseRegion, type Session, signOut, switchBack } from "@/client/session";
import logo from "@/salvia.svg";
import { choose, Mode, useMode } from "./appearance";
import { flash } from "./flash";
import { SwitchRole } from "./SwitchRole";

interface Props {
  session: Session;
  follow: (event: CustomEvent<{ href?: string; external?: boolean }>) => void;
}

export function TopBar({ session, follow }: Props) {
  const mode = useMode();
  const [switching, setSwitching] = useState(false);

  const act: Record<string, () => Promise<void>> = {
    switch: async () => setSwitching(true),
    back: switchBack,
    out: async () => {
      await signOut();
      queries.clear();
    },
  };

  const utilities: TopNavigationProps.Utility[] = [
    {
      type: "button",
      iconName: "gen-ai",
      iconSvg: <svg viewBox="0 0 16 16"><path d="M8 1a7 7 0 1 0 0 14z" fill="currentColor" /><circle cx="8" cy="8" r="6" fill="none" /></svg>,
      ariaLabel: mode === Mode.Dark ? "Light mode" : "Dark mode",
      title: mode === Mode.Dark ? "Light mode" : "Dark mode",
      disableUtilityCollapse: true,
      onClick: () => choose(mode === Mode.Dark ? Mode.Light : Mode.Dark),
    },
    {
      type: "menu-dropdown",
      text: context.region,
      ariaLabel: `Region: ${context.region}`,
      items: session.Regions.map((region) => ({ id: region, text: region, itemType: "checkbox" as const, checked: region === context.region })),
      onItemClick: ({ detail }) => chooseRegion(detail.id),
    },
    {
      type: "menu-dropdown",
      iconName: "user-profile",
      text: session.Name,
      title: session.Name,
      description: `${session.Kind} in account ${session.Account}`,
      items: [
        { id: "who", text: session.Arn, disabled: true, disabledReason: "Who you are to every API" },
        ...(session.Kind === "user" && !session.SwitchedFrom ? [{ id: "switch", text: "Switch role" }] : []),
        ...(session.SwitchedFrom ? [{ id: "back", text: `Back to ${session.SwitchedFrom.split("/").pop()}` }, { id: "switch", text: "Switch to another role" }] : []),
        { id: "out", text: "Sign out" },
      ],
      onItemClick: ({ detail }) => void act[detail.id]?.().catch((error: Error) => flash({ type: "error", content: error.message })),
    },
  ];

  return (
    <div id="top">
      <TopNavigation
        identity={{ href: "/", title: "Salvia", logo: { src: logo, alt: "Logo" }, onFollow: follow }}
        utilities={utilities}
        i18nStrings={{ overflowMenuTriggerText: "More", overflowMenuTitleText: "All", searchIconAriaLabel: "Search", searchDismissIconAriaLabel: "Close search" }}
      />
      {switching && <SwitchRole onClose={() => setSwitching(false)} />}
    </div>
  );
}
