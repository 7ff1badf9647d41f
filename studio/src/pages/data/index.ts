import type { Page } from "@/pages";

export const pages: Page[] = [
  { path: "/data", title: "S3 buckets", section: "Data", load: () => import("./Buckets") },
  { path: "/data/browse", title: "Objects", load: () => import("./Browse") },
  { path: "/data/object", title: "Object", load: () => import("./Stored") },
];
