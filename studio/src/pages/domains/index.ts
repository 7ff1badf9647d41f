import type { Page } from "@/pages";

export const pages: Page[] = [
  { path: "/domains", title: "Studio domains", section: "Notebooks", load: () => import("./Domains") },
  { path: "/domains/create", title: "Create domain", load: async () => ({ default: (await import("./Create")).CreateDomain }) },
  { path: "/domains/:id", title: ":id", load: () => import("./Domain") },
  { path: "/domains/:id/create-user-profile", title: "Create user profile", load: async () => ({ default: (await import("./Create")).CreateUserProfile }) },
  { path: "/domains/:id/create-space", title: "Create space", load: async () => ({ default: (await import("./Create")).CreateSpace }) },
];
