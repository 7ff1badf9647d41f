import type { Page } from "@/pages";

export const pages: Page[] = [
  { path: "/pipelines", title: "Pipelines", section: "Pipelines", load: () => import("./Pipelines") },
  { path: "/pipelines/:name", title: ":name", load: () => import("./Pipeline") },
  { path: "/pipelines/:name/:execution", title: ":execution", load: () => import("./Execution") },
];
