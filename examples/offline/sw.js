const FILES = ["./", "./page.js", "./attendant/index.js", "./attendant/page.js", "./attendant/attendant-worker.js"];
addEventListener("install", (event) => event.waitUntil(caches.open("page").then((cache) => cache.addAll(FILES))));
addEventListener("fetch", (event) =>
  event.respondWith(caches.match(event.request).then((found) => found ?? fetch(event.request))),
);
