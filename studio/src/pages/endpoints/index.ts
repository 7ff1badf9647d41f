import type { Page } from "@/pages";

export const pages: Page[] = [
  { path: "/endpoints", title: "Endpoints", section: "Inference", load: () => import("./Endpoints") },
  { path: "/endpoints/deploy", title: "Deploy", load: () => import("./Deploy") },
  { path: "/endpoints/:name", title: ":name", load: () => import("./Endpoint") },
  { path: "/endpoint-configs", title: "Endpoint configurations", section: "Inference", load: () => import("./Configs") },
  { path: "/endpoint-configs/:name", title: ":name", load: () => import("./Config") },
];
