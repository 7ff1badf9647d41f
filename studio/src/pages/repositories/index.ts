import type { Page } from "@/pages";

export const pages: Page[] = [
  { path: "/code-repositories", title: "Code repositories", section: "Notebooks", load: () => import("./Repositories") },
  { path: "/code-repositories/create", title: "Create code repository", load: () => import("./Create") },
];
