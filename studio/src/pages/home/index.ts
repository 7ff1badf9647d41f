import type { Page } from "@/pages";

export const pages: Page[] = [{ path: "/", title: "Home", section: "Studio", load: () => import("./Home") }];
