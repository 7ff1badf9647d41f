import type { Page } from "@/pages";

export const pages: Page[] = [
  { path: "/model-package-groups", title: "Model registry", section: "Models", load: () => import("./Groups") },
  { path: "/model-package-groups/create", title: "Create model package group", load: async () => ({ default: (await import("./Create")).CreateGroup }) },
  { path: "/model-package-groups/register", title: "Register version", load: async () => ({ default: (await import("./Create")).Register }) },
  { path: "/model-package-groups/:group", title: ":group", load: () => import("./Group") },
  { path: "/model-package-groups/:group/:version", title: "Version :version", load: () => import("./Version") },
];
