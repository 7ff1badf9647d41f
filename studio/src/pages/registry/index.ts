import type { Page } from "@/pages";

export const pages: Page[] = [
  { path: "/model-package-groups", title: "Model registry", section: "Models", load: () => import("./Groups") },
  { path: "/model-package-groups/:group", title: ":group", load: () => import("./Group") },
  { path: "/model-package-groups/:group/:version", title: "Version :version", load: () => import("./Version") },
];
