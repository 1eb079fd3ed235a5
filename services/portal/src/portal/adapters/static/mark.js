// Draws the place of a new mark over the page of a proof, and fills it into the form.
const proof = document.getElementById("proof");
const form = document.getElementById("mark");
const svg = proof.querySelector("svg");
const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
const language = document.documentElement.lang;
let from = null;

document.getElementById("drag-hint").hidden = false;
proof.classList.add("marking");

function place(event) {
  const box = svg.getBoundingClientRect();
  const part = (at, start, size) => Math.min(Math.max((at - start) / size, 0), 1) * 100;
  return [part(event.clientX, box.left, box.width), part(event.clientY, box.top, box.height)];
}

function draw(event) {
  const to = place(event);
  const area = {
    x: Math.min(from[0], to[0]), y: Math.min(from[1], to[1]),
    width: Math.abs(from[0] - to[0]), height: Math.abs(from[1] - to[1]),
  };
  for (const [name, value] of Object.entries(area)) {
    rect.setAttribute(name, `${value}%`);
    // Round down, so that the mark with its place and size stays within the page.
    const typed = (Math.floor(value * 100) / 100).toFixed(2);
    form.elements[name].value = language === "it" ? typed.replace(".", ",") : typed;
  }
}

svg.addEventListener("pointerdown", (event) => {
  from = place(event);
  svg.append(rect);
  svg.setPointerCapture(event.pointerId);
  draw(event);
});
svg.addEventListener("pointermove", (event) => from && draw(event));
svg.addEventListener("pointerup", () => {
  from = null;
  form.elements.text.focus();
});
