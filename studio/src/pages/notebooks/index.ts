import type { Page } from "@/pages";

export const pages: Page[] = [
  { path: "/notebook-instances", title: "Notebook instances", section: "Notebooks", load: () => import("./Instances") },
  { path: "/lifecycle-configurations", title: "Lifecycle configurations", section: "Notebooks", load: () => import("./Configurations") },
  { path: "/notebook-instances/create", title: "Create notebook instance", load: () => import("./Create") },
  { path: "/notebook-instances/:name", title: ":name", load: () => import("./Instance") },
  { path: "/lifecycle-configurations/create", title: "Create lifecycle configuration", load: async () => ({ default: (await import("./Configuration")).Create }) },
  { path: "/lifecycle-configurations/:name", title: ":name", load: async () => ({ default: (await import("./Configuration")).Edit }) },
];
