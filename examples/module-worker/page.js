/** Sends texts to worker.js and shows what comes back. */

const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
const [form, button, output] = ["form", "button", "output"].map((name) => document.querySelector(name));

worker.addEventListener("message", ({ data }) => {
  if (data.type === "piece") output.append(data.piece);
  else if (data.type === "error") output.textContent = data.message;
  if (data.type !== "piece") button.disabled = false;
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  button.disabled = true;
  output.textContent = "";
  worker.postMessage({ text: form.elements.text.value });
});
