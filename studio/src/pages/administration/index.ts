import type { Page } from "@/pages";

export const pages: Page[] = [
  { path: "/users", title: "Users", section: "Administration", load: () => import("./Users") },
  { path: "/groups", title: "Groups", section: "Administration", load: () => import("./Groups") },
  { path: "/roles", title: "Roles", section: "Administration", load: () => import("./Roles") },
  { path: "/policies", title: "Policies", section: "Administration", load: () => import("./Policies") },
  { path: "/audit", title: "Audit trail", section: "Administration", load: () => import("./Audit") },
  { path: "/users/show", title: "User", load: () => import("./User") },
  { path: "/groups/show", title: "Group", load: () => import("./Group") },
  { path: "/roles/show", title: "Role", load: () => import("./Role") },
  { path: "/policies/show", title: "Policy", load: () => import("./Policy") },
  { path: "/policies/create", title: "Create policy", load: () => import("./CreatePolicy") },
  { path: "/roles/create", title: "Create role", load: () => import("./CreateRole") },
];
