import type { Page } from "@/pages";

export const pages: Page[] = [
  { path: "/models", title: "Models", section: "Models", load: () => import("./Models") },
  { path: "/models/create", title: "Create model", load: () => import("./Create") },
  { path: "/models/:name", title: ":name", load: () => import("./Model") },
];
