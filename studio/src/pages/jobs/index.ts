import type { Page } from "@/pages";

export const pages: Page[] = [
  { path: "/training-jobs", title: "Training jobs", section: "Jobs", load: () => import("./TrainingJobs") },
];
