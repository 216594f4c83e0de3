/** Which view is on screen: the one that the hash of the address names, such as `#inside?text=Hello`. */

import { byId, h } from "../ui/dom";
import type { CreateView, Page, View } from "./page";

interface Route {
  name: string;
  title: string;
  /** A view is fetched when it is first looked at. */
  load: () => Promise<CreateView>;
}

const ROUTES: Route[] = [
  {
    name: "translate",
    title: "Translate",
    load: async () => (await import("../views/translate/view")).createTranslate,
  },
  { name: "inside", title: "Look inside", load: async () => (await import("../views/inside/view")).createInside },
  { name: "speak", title: "Speak", load: async () => (await import("../views/speak/view")).createSpeak },
  { name: "doctor", title: "Doctor", load: async () => (await import("../views/doctor/view")).createDoctor },
];

export function readHash(hash: string): { name: string; parameters: URLSearchParams } {
  const [name, query = ""] = hash.replace(/^#/, "").split("?", 2);
  return { name, parameters: new URLSearchParams(query) };
}

export function startRouter(makePage: (link: Page["link"]) => Page): void {
  const tabs = byId("tabs", HTMLElement);
  const main = byId("view", HTMLElement);
  const made = new Map<string, Promise<View>>();
  let current: { name: string; view?: View } = { name: "" };

  const links = ROUTES.map(({ name, title }) =>
    h(
      "a",
      { href: `#${name}`, role: "tab", id: `tab-${name}`, "aria-controls": "view", "data-testid": `tab-${name}` },
      title,
    ),
  );
  tabs.append(...links);
  // Arrow keys go from tab to tab, as the pattern of tabs has it.
  tabs.addEventListener("keydown", (event) => {
    const at = links.indexOf(document.activeElement as HTMLAnchorElement);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (at < 0 || step === undefined) return;
    event.preventDefault();
    const next = links[(at + step + links.length) % links.length];
    next.focus();
    next.click();
  });

  const page = makePage((parameters) => {
    const query = new URLSearchParams(parameters).toString();
    history.replaceState(null, "", `#${current.name}${query ? `?${query}` : ""}`);
  });

  const open = async (): Promise<void> => {
    const { name, parameters } = readHash(location.hash);
    const route = ROUTES.find((route) => route.name === name) ?? ROUTES[0];
    if (current.name === route.name) {
      current.view?.show?.(parameters);
      return;
    }
    current.view?.hide?.();
    const opened: typeof current = { name: route.name };
    current = opened;
    links.forEach((link, i) => {
      const chosen = ROUTES[i] === route;
      link.setAttribute("aria-selected", String(chosen));
      link.tabIndex = chosen ? 0 : -1;
    });
    main.setAttribute("aria-labelledby", `tab-${route.name}`);
    document.title = `${route.title} · Attendant`;
    let view = made.get(route.name);
    if (!view) made.set(route.name, (view = route.load().then((create) => create(page))));
    opened.view = await view;
    if (current !== opened) return;
    main.replaceChildren(opened.view.element);
    document.documentElement.dataset.view = route.name;
    opened.view.show?.(parameters);
  };
  addEventListener("hashchange", () => void open());
  void open();
}
