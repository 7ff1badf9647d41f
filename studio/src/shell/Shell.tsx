/** Around every page: who and where one is, where one can go, what was just done. */
import AppLayoutToolbar from "@cloudscape-design/components/app-layout-toolbar";
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import SideNavigation, { type SideNavigationProps } from "@cloudscape-design/components/side-navigation";
import Spinner from "@cloudscape-design/components/spinner";
import { Suspense, useEffect, useRef, useState } from "react";
import { Route, Switch, useLocation } from "wouter";
import type { Session } from "@/client/session";
import { context } from "@/client/call";
import { Heading } from "@/blocks/Heading";
import { pages, SECTIONS, sections } from "@/pages";
import { crumbs } from "./crumbs";
import { Fallen } from "./Fallen";
import { Flashes, turned } from "./flash";
import { TopBar } from "./TopBar";

const WIDE = matchMedia("(min-width: 912px)");

const navigation: SideNavigationProps.Item[] = sections().flatMap(({ title, pages }): SideNavigationProps.Item[] => {
  const items = pages.map((page) => ({ type: "link" as const, text: page.title, href: page.path }));
  return title === SECTIONS[0] ? items : [{ type: "section", text: title, items }];
});

export function Shell({ session }: { session: Session }) {
  const [path, go] = useLocation();
  const [open, setOpen] = useState(WIDE.matches);
  const content = useRef<HTMLDivElement>(null);
  const first = useRef(true);
  const trail = crumbs(path, pages);

  useEffect(() => {
    document.title = [...trail.map((crumb) => crumb.text).slice(1).reverse(), "Salvia Studio"].join(" · ");
    if (first.current) {
      first.current = false;
      return;
    }
    turned();
    if (!WIDE.matches) setOpen(false);
    // A page turned without the browser's help: whoever reads by ear or keyboard starts at its top.
    window.scrollTo(0, 0);
    content.current?.focus({ preventScroll: true });
  }, [path]);

  /** Cloudscape's links are plain ones: a click without a modifier stays in the page. */
  const follow = (event: CustomEvent<{ href?: string; external?: boolean }>) => {
    if (!event.detail.href || event.detail.external) return;
    event.preventDefault();
    go(event.detail.href);
  };

  return (
    <>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <TopBar session={session} follow={follow} />
      <AppLayoutToolbar
        headerSelector="#top"
        toolsHide
        navigationOpen={open}
        onNavigationChange={({ detail }) => setOpen(detail.open)}
        navigation={
          <SideNavigation
            header={{ text: "Studio", href: "/" }}
            activeHref={pages.find((page) => page.section && (path === page.path || (page.path !== "/" && path.startsWith(`${page.path}/`))))?.path ?? path}
            items={navigation}
            onFollow={follow}
          />
        }
        breadcrumbs={trail.length > 1 ? <BreadcrumbGroup items={trail} onFollow={follow} /> : undefined}
        notifications={<Flashes />}
        ariaLabels={{ navigation: "Side navigation", navigationToggle: "Open side navigation", navigationClose: "Close side navigation", notifications: "Messages" }}
        content={
          <div id="content" ref={content} tabIndex={-1}>
            {/* The region is part of what is shown: another one is another page. */}
            <Fallen key={`${path} ${context.region} ${session.Arn}`}>
              <Suspense fallback={<Spinner size="large" />}>
                <Switch>
                  {pages.map(({ path: pattern, View }) => (
                    <Route key={pattern} path={pattern}>
                      {(params) => <View params={decoded(params as Record<string, string>)} />}
                    </Route>
                  ))}
                  <Route>
                    <Heading description={`Nothing of Studio stands at ${path}.`}>There is no such page</Heading>
                  </Route>
                </Switch>
              </Suspense>
            </Fallen>
          </div>
        }
      />
    </>
  );
}

function decoded(params: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name.replace("*", ""), value]));
}
