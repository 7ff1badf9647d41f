import type { Page } from "@/pages";

export const pages: Page[] = [
  { path: "/training-jobs", title: "Training jobs", section: "Jobs", load: async () => ({ default: (await import("./List")).TrainingJobs }) },
  { path: "/processing-jobs", title: "Processing jobs", section: "Jobs", load: async () => ({ default: (await import("./List")).ProcessingJobs }) },
  { path: "/transform-jobs", title: "Batch transform jobs", section: "Jobs", load: async () => ({ default: (await import("./List")).TransformJobs }) },
  { path: "/training-jobs/create", title: "Create training job", load: async () => ({ default: (await import("./Create")).CreateTrainingJob }) },
  { path: "/processing-jobs/create", title: "Create processing job", load: async () => ({ default: (await import("./Create")).CreateProcessingJob }) },
  { path: "/transform-jobs/create", title: "Create batch transform job", load: async () => ({ default: (await import("./Create")).CreateTransformJob }) },
  { path: "/training-jobs/:name", title: ":name", load: async () => ({ default: (await import("./Detail")).TrainingJob }) },
  { path: "/processing-jobs/:name", title: ":name", load: async () => ({ default: (await import("./Detail")).ProcessingJob }) },
  { path: "/transform-jobs/:name", title: ":name", load: async () => ({ default: (await import("./Detail")).TransformJob }) },
];
